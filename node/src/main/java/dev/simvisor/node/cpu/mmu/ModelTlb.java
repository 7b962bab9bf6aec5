package dev.simvisor.node.cpu.mmu;

import java.util.Arrays;

/**
 * The translation lookaside buffer whose misses take time. Direct-mapped, without contents but for which pages it holds.
 *
 * <p>The software TLBs are flushed whenever it suits the simulator, which must not be seen in the guest's time. This one
 * forgets only what a processor forgets, and what a software TLB holds is always among what this one holds: an access that
 * hits there would have hit here, so only the others need to ask. Large pages are held in pieces of 4 KiB, as processors
 * hold them whose host maps them by small pages (Intel 64 and IA-32 Optimization Reference Manual, on fractured pages).
 */
final class ModelTlb {
    /** No page. */
    static final long NONE = 1;

    private static final long GLOBAL = 1 << 1;

    private final long[] pages;
    private final byte[] shifts;
    private int large;

    /** @param entries a power of two */
    ModelTlb(int entries) {
        pages = new long[entries];
        shifts = new byte[entries];
        clear();
    }

    int slots() {
        return pages.length;
    }

    boolean contains(long linear) {
        return page(slot(linear)) == (linear & Tlb.PAGE_MASK);
    }

    /**
     * Takes in a page.
     *
     * @param pageShift log2 of the size of the page that it is a piece of
     * @return the page that had to go, or {@link #NONE}
     */
    long insert(long linear, boolean global, int pageShift) {
        int slot = slot(linear);
        long evicted = clear(slot);
        pages[slot] = linear & Tlb.PAGE_MASK | (global ? GLOBAL : 0);
        shifts[slot] = (byte) pageShift;
        if (pageShift > 12) large++;
        return evicted;
    }

    /** Forgets the page in a slot unless it is global, and returns it, or {@link #NONE}. */
    long dropNonGlobal(int slot) {
        return (pages[slot] & GLOBAL) == 0 ? clear(slot) : NONE;
    }

    /** Forgets the page in a slot if INVLPG of {@code linear} does, and returns it, or {@link #NONE}. */
    long dropPiece(int slot, long linear) {
        long page = page(slot);
        return page != NONE && page >>> shifts[slot] == linear >>> shifts[slot] ? clear(slot) : NONE;
    }

    /** Forgets a page of 4 KiB, and returns it, or {@link #NONE} when it is not there. */
    long dropPage(long linear) {
        return contains(linear) ? clear(slot(linear)) : NONE;
    }

    /** Whether pieces of large pages may have to go with a page that is dropped. */
    boolean holdsLargePages() {
        return large != 0;
    }

    void clear() {
        Arrays.fill(pages, NONE);
        Arrays.fill(shifts, (byte) 0);
        large = 0;
    }

    private long clear(int slot) {
        long page = page(slot);
        if (page != NONE && shifts[slot] > 12) large--;
        pages[slot] = NONE;
        return page;
    }

    private long page(int slot) {
        return pages[slot] & ~GLOBAL;
    }

    private int slot(long linear) {
        return (int) (linear >>> 12) & pages.length - 1;
    }
}
