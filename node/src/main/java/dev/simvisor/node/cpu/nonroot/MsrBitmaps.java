package dev.simvisor.node.cpu.nonroot;

import java.util.Arrays;

/**
 * MSR bitmaps (SDM Vol 3C §25.6.9): for reads and writes a bit each for registers 0 to 1FFFH and C0000000H to C0001FFFH, all
 * set at first. Registers outside these ranges always leave.
 */
public final class MsrBitmaps {
    private static final int RANGE = 0x2000;
    private static final int HIGH_START = 0xC000_0000;

    // Low range, then high range.
    private final long[] reads = new long[2 * RANGE / Long.SIZE];
    private final long[] writes = new long[2 * RANGE / Long.SIZE];

    MsrBitmaps() {
        Arrays.fill(reads, -1);
        Arrays.fill(writes, -1);
    }

    /** Leaves reads and writes of a register to the guest. */
    public void pass(int register) {
        passRead(register);
        int bit = bit(register);
        writes[bit >>> 6] &= ~(1L << bit);
    }

    public void passRead(int register) {
        int bit = bit(register);
        if (bit < 0) throw new IllegalArgumentException("MSR " + Integer.toHexString(register) + " has no bit");
        reads[bit >>> 6] &= ~(1L << bit);
    }

    boolean exits(int register, boolean write) {
        int bit = bit(register);
        return bit < 0 || ((write ? writes : reads)[bit >>> 6] & 1L << bit) != 0;
    }

    private static int bit(int register) {
        if (register >= 0 && register < RANGE) return register;
        int high = register - HIGH_START;
        return high >= 0 && high < RANGE ? RANGE + high : -1;
    }
}
