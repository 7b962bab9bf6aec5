package dev.simvisor.node.cpu;

/**
 * The attribute bits of a segment register's hidden part, laid out as bits 23:8 of a descriptor's second doubleword shifted
 * down by 8 (SDM Vol 3A §3.4.5; the layout of the VMCS access-rights field, Vol 3C table 25-2, with its "unusable" bit).
 */
public final class AccessRights {
    public static final int TYPE = 0xF;
    public static final int ACCESSED = 1;
    public static final int WRITABLE = 1 << 1; // data segments
    public static final int READABLE = 1 << 1; // code segments
    public static final int EXPAND_DOWN = 1 << 2; // data segments
    public static final int CONFORMING = 1 << 2; // code segments
    public static final int CODE = 1 << 3;
    public static final int CODE_OR_DATA = 1 << 4; // S: clear for system segments
    public static final int DPL_SHIFT = 5;
    public static final int PRESENT = 1 << 7;
    public static final int AVAILABLE = 1 << 12;
    public static final int LONG = 1 << 13;
    public static final int DEFAULT_BIG = 1 << 14;
    public static final int GRANULARITY = 1 << 15;
    public static final int UNUSABLE = 1 << 16;

    private AccessRights() {}

    public static int dpl(int rights) {
        return rights >>> DPL_SHIFT & 3;
    }
}
