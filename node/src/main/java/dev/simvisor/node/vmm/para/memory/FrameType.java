package dev.simvisor.node.vmm.para.memory;

/**
 * What a frame is used as. The uses exclude each other, and a frame changes its type only while nobody uses it as the old one:
 * that is what keeps page tables from being writable (Xen's PGT types).
 */
public enum FrameType {
    /** Nothing in particular: mapped read-only at most. */
    NONE,
    /** Mapped writable somewhere. */
    WRITABLE,
    /** A page table: its entries map pages. */
    L1,
    /** A page directory. */
    L2,
    /** A page directory pointer table. */
    L3,
    /** The root of an address space. */
    L4,
    /** Part of a GDT or an LDT. */
    SEGMENT_DESCRIPTORS;

    private static final FrameType[] TABLES = {NONE, L1, L2, L3, L4};

    /** Of a page table of {@code level} 1 to 4. */
    public static FrameType table(int level) {
        return TABLES[level];
    }

    /** 1 to 4 for page tables, else 0. */
    public int level() {
        return switch (this) {
            case L1 -> 1;
            case L2 -> 2;
            case L3 -> 3;
            case L4 -> 4;
            case NONE, WRITABLE, SEGMENT_DESCRIPTORS -> 0;
        };
    }
}
