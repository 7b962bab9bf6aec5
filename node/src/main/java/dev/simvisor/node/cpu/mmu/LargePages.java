package dev.simvisor.node.cpu.mmu;

import java.util.Arrays;

/**
 * Which regions may have TLB entries that came from a large page. The TLB holds 4 KiB pieces, but INVLPG drops the whole
 * large page (SDM Vol 3A §4.10.4.1); a filter with false positives is enough, since flushing too much is harmless.
 */
final class LargePages {
    private static final int BITS = 4096;
    /** log2 of 4 MiB, the largest page size that is told apart by region. */
    private static final int REGION_SHIFT = 22;

    private final long[] regions = new long[BITS / 64];
    private boolean anyGigantic;

    /** {@code pageShift}: log2 of the page size. */
    void add(long linear, int pageShift) {
        int bit = bit(linear);
        regions[bit >>> 6] |= 1L << bit;
        anyGigantic |= pageShift > REGION_SHIFT;
    }

    boolean mayContain(long linear) {
        int bit = bit(linear);
        return anyGigantic || (regions[bit >>> 6] & 1L << bit) != 0;
    }

    void clear() {
        Arrays.fill(regions, 0);
        anyGigantic = false;
    }

    private static int bit(long linear) {
        return (int) (linear >>> REGION_SHIFT) & BITS - 1;
    }
}
