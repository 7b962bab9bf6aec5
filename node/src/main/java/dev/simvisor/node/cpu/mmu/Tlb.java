package dev.simvisor.node.cpu.mmu;

import dev.simvisor.node.cpu.HostMemory;
import java.util.Arrays;

/**
 * One software translation lookaside buffer: linear page to a value, for one access kind at one privilege. Direct-mapped.
 *
 * <p>Entry {@code n} is a pair in {@link #entries}: at {@code 2n} the linear page (bits 11:0 zero; {@link #INVALID} never
 * matches), at {@code 2n + 1} what is added to a linear address to reach its target. Fills are logged, so that a flush costs as
 * much as was filled since the last one, not the size of the buffer.
 */
final class Tlb {
    static final int ENTRIES = 2048;
    static final long INVALID = 1;
    static final long PAGE_MASK = -4096L;

    final long[] entries = new long[2 * ENTRIES];
    // Slots filled since the last flush, until there are as many as slots: then a flush clears them all.
    private final short[] filled = new short[ENTRIES];
    private int filledCount;
    private final short[] nonGlobal = new short[ENTRIES];
    private int nonGlobalCount;

    Tlb() {
        Arrays.fill(entries, INVALID);
    }

    /** Position of the pair for {@code linear}. */
    static int slot(long linear) {
        return (int) (linear >>> 11) & 2 * (ENTRIES - 1);
    }

    /** Byte offset in {@link #entries} of the pair for {@code linear}: what the fast paths use, with no bounds check. */
    static long pair(long linear) {
        return linear >>> 8 & (ENTRIES - 1L) << 4;
    }

    /** The linear page of the pair at an offset. */
    static long page(long[] entries, long pair) {
        return HostMemory.element(entries, pair);
    }

    /** What the pair at an offset adds to a linear address. */
    static long addend(long[] entries, long pair) {
        return HostMemory.element(entries, pair + 8);
    }

    void fill(long linearPage, long addend, boolean global) {
        int slot = slot(linearPage);
        entries[slot] = linearPage;
        entries[slot + 1] = addend;
        if (filledCount < filled.length) filled[filledCount] = (short) slot;
        filledCount++;
        if (global) return;
        if (nonGlobalCount < nonGlobal.length) nonGlobal[nonGlobalCount] = (short) slot;
        nonGlobalCount++;
    }

    void flush() {
        if (filledCount > filled.length) {
            Arrays.fill(entries, INVALID);
        } else {
            for (int n = 0; n < filledCount; n++) entries[filled[n]] = INVALID;
        }
        filledCount = 0;
        nonGlobalCount = 0;
    }

    void flushNonGlobal() {
        if (nonGlobalCount > nonGlobal.length) {
            flush();
            return;
        }
        for (int n = 0; n < nonGlobalCount; n++) entries[nonGlobal[n]] = INVALID;
        nonGlobalCount = 0;
    }

    void invalidate(long linear) {
        int slot = slot(linear);
        if (entries[slot] == (linear & PAGE_MASK)) entries[slot] = INVALID;
    }
}
