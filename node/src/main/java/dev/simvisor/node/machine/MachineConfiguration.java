package dev.simvisor.node.machine;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.machine.time.VirtualClock;

/**
 * What a machine is made of. Two machines of one configuration that boot the same image do the same.
 *
 * @param memoryBytes size of its memory, a multiple of 4 KiB from 1 MiB up
 * @param cpuModel its processor
 * @param clockHertz virtual cycles per virtual second
 * @param cyclesPerThousandInstructions virtual cycles that a thousand instructions take, charged events apart
 * @param timeOfDay what the real-time clock shows at virtual time 0, in seconds since 1970
 * @param debugExit whether a guest may end the machine with a status, by a write to port F4h
 * @param firmwareBytes size of its firmware image, a multiple of 4 KiB; 0 when a kernel is loaded without one
 * @param processors how many processors it has, from 1 to {@link #MOST_PROCESSORS}
 */
public record MachineConfiguration(
        long memoryBytes,
        CpuModel cpuModel,
        long clockHertz,
        int cyclesPerThousandInstructions,
        long timeOfDay,
        boolean debugExit,
        int firmwareBytes,
        int processors) {
    /** As many as a paravirtual machine can have. */
    public static final int MOST_PROCESSORS = 32;

    public MachineConfiguration {
        if (processors < 1 || processors > MOST_PROCESSORS) {
            throw new IllegalArgumentException(processors + " processors: expected 1 to " + MOST_PROCESSORS);
        }
    }

    /** A virtual cycle of a nanosecond. */
    public static final long DEFAULT_CLOCK_HERTZ = 1_000_000_000L;

    /** 2026-01-01T00:00:00Z. */
    public static final long DEFAULT_TIME_OF_DAY = 1_767_225_600L;

    /** A machine without a firmware image. */
    public MachineConfiguration(
            long memoryBytes,
            CpuModel cpuModel,
            long clockHertz,
            int cyclesPerThousandInstructions,
            long timeOfDay,
            boolean debugExit) {
        this(memoryBytes, cpuModel, clockHertz, cyclesPerThousandInstructions, timeOfDay, debugExit, 0, 1);
    }

    /** A machine with the default clock. */
    public static MachineConfiguration of(long memoryBytes, CpuModel cpuModel) {
        return new MachineConfiguration(
                memoryBytes,
                cpuModel,
                DEFAULT_CLOCK_HERTZ,
                VirtualClock.CYCLE_PER_INSTRUCTION,
                DEFAULT_TIME_OF_DAY,
                false,
                0,
                1);
    }

    public MachineConfiguration withDebugExit() {
        return with(true, firmwareBytes, processors);
    }

    /** @param bytes size of the firmware image, a multiple of 4 KiB */
    public MachineConfiguration withFirmware(int bytes) {
        return with(debugExit, bytes, processors);
    }

    public MachineConfiguration withProcessors(int count) {
        return with(debugExit, firmwareBytes, count);
    }

    private MachineConfiguration with(boolean debugExit, int firmwareBytes, int processors) {
        return new MachineConfiguration(
                memoryBytes,
                cpuModel,
                clockHertz,
                cyclesPerThousandInstructions,
                timeOfDay,
                debugExit,
                firmwareBytes,
                processors);
    }
}
