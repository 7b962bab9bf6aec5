package dev.simvisor.node.machine.device.pit;

import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.proto.state.PitCounterState;

/**
 * One of the 8254's three counters (Intel 8254 data sheet, 231164, "Mode Definitions").
 *
 * <p>Nothing counts: count and output are functions of the ticks since the count was loaded. All times are in ticks of the
 * timer's input clock. A count that is rewritten in a periodic mode takes effect at once, not at the end of the period.
 */
final class PitCounter {
    static final int INTERRUPT_ON_TERMINAL_COUNT = 0;
    static final int ONE_SHOT = 1;
    static final int RATE_GENERATOR = 2;
    static final int SQUARE_WAVE = 3;
    static final int SOFTWARE_STROBE = 4;
    static final int HARDWARE_STROBE = 5;

    private static final int ACCESS_LOW = 1;
    private static final int ACCESS_HIGH = 2;
    private static final int ACCESS_LOW_THEN_HIGH = 3;

    private int mode = RATE_GENERATOR;
    private int access = ACCESS_LOW_THEN_HIGH;
    private boolean bcd;
    private boolean gate;
    private boolean loaded;
    private int reload = 0x10000;
    private long loadedAt;
    private int firstByteWritten = -1;
    private boolean secondByteNext;
    private int latchedCount = -1;
    private int latchedStatus = -1;

    PitCounter(boolean gate) {
        this.gate = gate;
    }

    // ---- programming ----

    /** Takes the low six bits of a control word. */
    void control(int word) {
        access = word >> 4 & 3;
        int programmed = word >> 1 & 7;
        mode = programmed >= 6 ? programmed - 4 : programmed; // 110 and 111 are modes 2 and 3
        bcd = (word & 1) != 0;
        loaded = false;
        firstByteWritten = -1;
        secondByteNext = false;
        latchedCount = -1;
        latchedStatus = -1;
    }

    void write(int value, long now) {
        switch (access) {
            case ACCESS_LOW -> load(value, now);
            case ACCESS_HIGH -> load(value << 8, now);
            default -> {
                if (firstByteWritten < 0) {
                    firstByteWritten = value;
                } else {
                    load(value << 8 | firstByteWritten, now);
                    firstByteWritten = -1;
                }
            }
        }
    }

    private void load(int count, long now) {
        int binary = bcd ? fromBcd(count) : count;
        reload = binary == 0 ? (bcd ? 10_000 : 0x10000) : binary;
        boolean waitsForGate = mode == ONE_SHOT || mode == HARDWARE_STROBE;
        loaded = !waitsForGate;
        loadedAt = now;
    }

    /** Drives GATE. A rising edge restarts all modes but 0 and 4, which it merely lets count again. */
    void gate(boolean high, long now) {
        if (high
                && !gate
                && (mode == ONE_SHOT || mode == RATE_GENERATOR || mode == SQUARE_WAVE || mode == HARDWARE_STROBE)) {
            loaded = true;
            loadedAt = now;
        }
        gate = high;
    }

    boolean gate() {
        return gate;
    }

    // ---- reading ----

    void latchCount(long now) {
        if (latchedCount < 0) {
            latchedCount = count(now);
        }
    }

    void latchStatus(long now) {
        if (latchedStatus < 0) {
            latchedStatus = (output(now) ? 0x80 : 0) | (loaded ? 0 : 0x40) | access << 4 | mode << 1 | (bcd ? 1 : 0);
        }
    }

    int read(long now) {
        if (latchedStatus >= 0) {
            int status = latchedStatus;
            latchedStatus = -1;
            return status;
        }
        int count = latchedCount >= 0 ? latchedCount : count(now);
        boolean high = access == ACCESS_HIGH || (access == ACCESS_LOW_THEN_HIGH && secondByteNext);
        if (access == ACCESS_LOW_THEN_HIGH) {
            secondByteNext = !secondByteNext;
        }
        if (access != ACCESS_LOW_THEN_HIGH || !secondByteNext) {
            latchedCount = -1;
        }
        return (high ? count >> 8 : count) & 0xFF;
    }

    /** The counting element's value, in BCD if so programmed. */
    private int count(long now) {
        long elapsed = loaded ? now - loadedAt : 0;
        int range = bcd ? 10_000 : 0x10000;
        long value = switch (mode) {
            case RATE_GENERATOR -> reload - elapsed % reload;
            case SQUARE_WAVE -> reload - 2 * elapsed % reload;
            default -> reload - elapsed;
        };
        int wrapped = (int) Math.floorMod(value, (long) range);
        return bcd ? toBcd(wrapped) : wrapped;
    }

    // ---- the output pin ----

    /** The OUT pin's level. */
    boolean output(long now) {
        if (!loaded) {
            return mode != INTERRUPT_ON_TERMINAL_COUNT;
        }
        long elapsed = now - loadedAt;
        return switch (mode) {
            case RATE_GENERATOR -> elapsed % reload != reload - 1;
            case SQUARE_WAVE -> elapsed % reload < (reload + 1) / 2;
            case SOFTWARE_STROBE, HARDWARE_STROBE -> elapsed != reload;
            default -> elapsed >= reload;
        };
    }

    /** The next tick after {@code now} at which OUT changes, or {@link Timer#NEVER}. */
    long nextOutputChange(long now) {
        if (!loaded) {
            return Timer.NEVER;
        }
        long elapsed = now - loadedAt;
        long period = elapsed - elapsed % reload;
        return switch (mode) {
            case RATE_GENERATOR -> loadedAt + period + (elapsed % reload < reload - 1 ? reload - 1 : reload);
            case SQUARE_WAVE -> {
                int half = (reload + 1) / 2;
                yield loadedAt + period + (elapsed % reload < half && half < reload ? half : reload);
            }
            case SOFTWARE_STROBE, HARDWARE_STROBE ->
                elapsed < reload ? loadedAt + reload : elapsed == reload ? loadedAt + reload + 1 : Timer.NEVER;
            default -> elapsed < reload ? loadedAt + reload : Timer.NEVER;
        };
    }

    private static int fromBcd(int bcd) {
        return (bcd >> 12 & 15) * 1000 + (bcd >> 8 & 15) * 100 + (bcd >> 4 & 15) * 10 + (bcd & 15);
    }

    private static int toBcd(int value) {
        return value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
    }

    // ---- state ----

    PitCounterState save() {
        return PitCounterState.newBuilder()
                .setMode(mode)
                .setAccess(access)
                .setBcd(bcd)
                .setGate(gate)
                .setLoaded(loaded)
                .setReload(reload)
                .setLoadedAtTick(loadedAt)
                .setFirstByteWritten(firstByteWritten)
                .setSecondByteNext(secondByteNext)
                .setLatchedCount(latchedCount)
                .setLatchedStatus(latchedStatus)
                .build();
    }

    void restore(PitCounterState state) {
        mode = state.getMode();
        access = state.getAccess();
        bcd = state.getBcd();
        gate = state.getGate();
        loaded = state.getLoaded();
        reload = state.getReload();
        loadedAt = state.getLoadedAtTick();
        firstByteWritten = state.getFirstByteWritten();
        secondByteNext = state.getSecondByteNext();
        latchedCount = state.getLatchedCount();
        latchedStatus = state.getLatchedStatus();
    }
}
