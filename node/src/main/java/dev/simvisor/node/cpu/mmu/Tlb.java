package dev.simvisor.node.cpu.mmu;

import dev.simvisor.node.cpu.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One software translation lookaside buffer: linear page to a value, for one access kind at one privilege. Direct-mapped.
 *
 * <p>An entry is a pair of longs: the linear page (bits 11:0 zero; {@link #INVALID} never matches), and what is added to a
 * linear address to reach its target. Entries lie outside the Java heap, so that a probe costs neither a bounds check nor the
 * decoding of a reference. Fills are logged, so that a flush costs as much as was filled since the last one, not the size of
 * the buffer.
 */
final class Tlb {
    static final int ENTRIES = 2048;
    /** Size in bytes. */
    static final int SIZE = ENTRIES << 4;

    static final long INVALID = 1;
    static final long PAGE_MASK = -4096L;

    /** Address of the first entry. */
    final long entries;

    /** Keeps the entries from being freed. */
    private final MemorySegment memory;

    // Numbers of the entries filled since the last flush. What is more than their room says no more than that there
    // were more,
    // and a flush clears all entries then; it is not counted, as guests need not flush before an int overflows.
    private final short[] filled = new short[ENTRIES];
    private int filledCount;
    private final short[] nonGlobal = new short[ENTRIES];
    private int nonGlobalCount;

    Tlb(MemorySegment memory) {
        this.memory = memory;
        this.entries = memory.address();
        clear();
    }

    /** Room for so many buffers, one behind the other. */
    static MemorySegment allocate(int buffers) {
        return Arena.ofAuto().allocate((long) buffers * SIZE, 64);
    }

    /** Address of the entry for {@code linear} in the buffer at {@code entries}. */
    static long entry(long entries, long linear) {
        return entries + (linear >>> 8 & (ENTRIES - 1L) << 4);
    }

    /** The linear page of the entry at an address. */
    static long page(long entry) {
        return HostMemory.getLong(entry);
    }

    /** What the entry at an address adds to a linear address. */
    static long addend(long entry) {
        return HostMemory.getLong(entry + 8);
    }

    void fill(long linearPage, long addend, boolean global) {
        long entry = entry(entries, linearPage);
        HostMemory.putLong(entry, linearPage);
        HostMemory.putLong(entry + 8, addend);
        short number = (short) (entry - entries >>> 4);
        filledCount = log(filled, filledCount, number);
        if (!global) nonGlobalCount = log(nonGlobal, nonGlobalCount, number);
    }

    /** Returns the new count, which says no more than that there is no room once there is none. */
    private static int log(short[] numbers, int count, short number) {
        if (count > numbers.length) return count;
        if (count < numbers.length) numbers[count] = number;
        return count + 1;
    }

    /** How many fills since the last flush are counted, for tests. */
    int filledCount() {
        return filledCount;
    }

    int nonGlobalCount() {
        return nonGlobalCount;
    }

    void flush() {
        if (filledCount > filled.length) {
            clear();
        } else {
            for (int n = 0; n < filledCount; n++) invalidateEntry(filled[n]);
        }
        filledCount = 0;
        nonGlobalCount = 0;
    }

    private void clear() {
        for (int n = 0; n < ENTRIES; n++) invalidateEntry(n);
    }

    private void invalidateEntry(int number) {
        HostMemory.putLong(entries + 16L * number, INVALID);
    }

    void flushNonGlobal() {
        if (nonGlobalCount > nonGlobal.length) {
            flush();
            return;
        }
        for (int n = 0; n < nonGlobalCount; n++) invalidateEntry(nonGlobal[n]);
        nonGlobalCount = 0;
    }

    void invalidate(long linear) {
        long entry = entry(entries, linear);
        if (page(entry) == (linear & PAGE_MASK)) HostMemory.putLong(entry, INVALID);
    }

    /** Has entries whose target is the page at {@code from} lead to the one at {@code to}. */
    void move(long from, long to) {
        for (long entry = entries; entry < entries + SIZE; entry += 16) {
            long linear = page(entry);
            if (linear != INVALID && linear + addend(entry) == from) HostMemory.putLong(entry + 8, to - linear);
        }
    }

    @Override
    public String toString() {
        return "TLB of " + memory.byteSize() + " bytes";
    }
}
