package dev.simvisor.node.machine.memory;

/** A host has no room for a VM's memory; nothing was reserved. */
public final class MachineMemoryExhausted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param frames that were wanted */
    public MachineMemoryExhausted(long wantedFrames, MachineMemory machine) {
        super("no room for " + mebibytes(wantedFrames) + " MiB: " + mebibytes(machine.reservedFrames()) + " of "
                + mebibytes(machine.limitFrames()) + " MiB of this host's memory are reserved");
    }

    private static long mebibytes(long frames) {
        return frames >> (20 - MachineMemory.FRAME_SHIFT);
    }
}
