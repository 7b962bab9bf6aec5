package dev.simvisor.node.vmm.para.memory;

/** Bits of page-table entries as the processor has them (SDM Vol 3A §4.5), and what Xen makes of the ignored ones. */
public final class PageTableEntry {
    public static final long PRESENT = 1;
    public static final long WRITABLE = 1 << 1;
    public static final long USER = 1 << 2;
    public static final long WRITE_THROUGH = 1 << 3;
    public static final long CACHE_DISABLE = 1 << 4;
    public static final long ACCESSED = 1 << 5;
    public static final long DIRTY = 1 << 6;
    /** Page size in levels 2 to 4; in level 1 it selects a page attribute. */
    public static final long LARGE = 1 << 7;

    public static final long GLOBAL = 1 << 8;
    /** Of a page of the guest's kernel, which has to be a user page as the kernel runs in ring 3. */
    static final long GUEST_KERNEL = 1L << 52;
    /** Of a mapped grant: the guest may not set it. */
    static final long GRANT = 1L << 62;

    public static final long NO_EXECUTE = 1L << 63;

    public static final int ENTRIES = 512;

    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;

    private PageTableEntry() {}

    public static boolean isPresent(long entry) {
        return (entry & PRESENT) != 0;
    }

    public static boolean isWritable(long entry) {
        return (entry & WRITABLE) != 0;
    }

    public static long mfn(long entry) {
        return (entry & ADDRESS) >>> 12;
    }

    public static long of(long mfn, long flags) {
        return mfn << 12 | flags;
    }

    /** The entry with another frame. */
    public static long withFrame(long entry, long frame) {
        return entry & ~ADDRESS | frame << 12;
    }

    /** Index in a table of {@code level} (1 to 4) for a linear address. */
    public static int index(long linear, int level) {
        return (int) (linear >>> 3 + 9 * level) & ENTRIES - 1;
    }
}
