package dev.simvisor.node.machine.device.pit;

import dev.simvisor.node.machine.device.InterruptLine;
import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.state.PitState;

/**
 * The 8254 programmable interval timer (Intel 8254 data sheet, 231164) as a PC has it: counter 0 interrupts, counter 2
 * feeds the speaker and is gated by {@linkplain #systemControl system control port B}.
 */
public final class Pit8254 {
    /** Rate of the input clock, a third of the colour subcarrier's 3.579545 MHz. */
    public static final long HERTZ = 1_193_182;

    private static final int CONTROL_WORD = 3;
    private static final int READ_BACK = 3;
    private static final int SPEAKER = 2;

    // System control port B (port 61h; PIIX4 data sheet §4.2.4.1)
    private static final int SPEAKER_GATE = 0x01;
    private static final int SPEAKER_DATA = 0x02;
    private static final int REFRESH_TOGGLE = 0x10;
    private static final int SPEAKER_OUTPUT = 0x20;

    /** Ticks between two memory refresh cycles, about 15 microseconds. */
    private static final long REFRESH_TICKS = 18;

    private final VirtualClock clock;
    private final InterruptLine interrupt;
    private final Timer outputChange;
    private final PitCounter[] counters = {new PitCounter(true), new PitCounter(true), new PitCounter(false)};
    private boolean speakerData;

    /**
     * @param interrupt counter 0's OUT pin
     */
    public Pit8254(VirtualClock clock, InterruptLine interrupt) {
        this.clock = clock;
        this.interrupt = interrupt;
        this.outputChange = clock.timer("pit", this::outputChanged);
    }

    public int read(int register) {
        return register == CONTROL_WORD ? 0xFF : counters[register].read(now());
    }

    public void write(int register, int value) {
        long now = now();
        if (register != CONTROL_WORD) {
            counters[register].write(value, now);
        } else if (value >> 6 == READ_BACK) {
            readBack(value, now);
        } else if ((value & 0x30) == 0) {
            counters[value >> 6].latchCount(now);
        } else {
            counters[value >> 6].control(value & 0x3F);
        }
        if (register == 0 || (register == CONTROL_WORD && value >> 6 == 0)) {
            driveOutput();
        }
    }

    /** The read-back command; its count and status bits are active low. */
    private void readBack(int command, long now) {
        for (int i = 0; i < counters.length; i++) {
            if ((command & 2 << i) == 0) {
                continue;
            }
            if ((command & 0x20) == 0) {
                counters[i].latchCount(now);
            }
            if ((command & 0x10) == 0) {
                counters[i].latchStatus(now);
            }
        }
    }

    /** Reads system control port B. */
    public int systemControl() {
        long now = now();
        return (counters[SPEAKER].gate() ? SPEAKER_GATE : 0)
                | (speakerData ? SPEAKER_DATA : 0)
                | ((now / REFRESH_TICKS & 1) != 0 ? REFRESH_TOGGLE : 0)
                | (counters[SPEAKER].output(now) ? SPEAKER_OUTPUT : 0);
    }

    public void systemControl(int value) {
        counters[SPEAKER].gate((value & SPEAKER_GATE) != 0, now());
        speakerData = (value & SPEAKER_DATA) != 0;
    }

    /**
     * OUT has changed, perhaps some time ago: a VM that had no processor finds that its counters have gone on. The pulse of a rate
     * generator lasts for one tick, and whoever latches its edge has seen it, as on hardware.
     */
    private void outputChanged() {
        long changed = clock.toTicks(outputChange.firedCycles(), HERTZ);
        interrupt.set(counters[0].output(changed));
        long changedBack = counters[0].nextOutputChange(changed);
        if (changedBack <= now()) {
            interrupt.set(counters[0].output(changedBack));
        }
        driveOutput();
    }

    private void driveOutput() {
        long now = now();
        interrupt.set(counters[0].output(now));
        long change = counters[0].nextOutputChange(now);
        if (change == Timer.NEVER) {
            outputChange.disarm();
        } else {
            outputChange.arm(clock.ticksToCycles(change, HERTZ));
        }
    }

    private long now() {
        return clock.toTicks(clock.cycles(), HERTZ);
    }

    public PitState save() {
        PitState.Builder state = PitState.newBuilder().setSpeakerData(speakerData);
        for (PitCounter counter : counters) {
            state.addCounters(counter.save());
        }
        return state.build();
    }

    public void restore(PitState state) {
        speakerData = state.getSpeakerData();
        for (int i = 0; i < counters.length; i++) {
            counters[i].restore(state.getCounters(i));
        }
    }
}
