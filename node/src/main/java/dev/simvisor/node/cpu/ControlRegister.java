package dev.simvisor.node.cpu;

/** Bits of the control registers (SDM Vol 3A §2.5). */
public final class ControlRegister {
    public static final long CR0_PE = 1; // protection enable
    public static final long CR0_MP = 1 << 1; // monitor coprocessor
    public static final long CR0_EM = 1 << 2; // emulation
    public static final long CR0_TS = 1 << 3; // task switched
    public static final long CR0_ET = 1 << 4; // extension type, always one
    public static final long CR0_NE = 1 << 5; // numeric error
    public static final long CR0_WP = 1 << 16; // write protect
    public static final long CR0_AM = 1 << 18; // alignment mask
    public static final long CR0_NW = 1 << 29; // not write-through
    public static final long CR0_CD = 1 << 30; // cache disable
    public static final long CR0_PG = 1L << 31; // paging

    public static final long CR4_VME = 1;
    public static final long CR4_PVI = 1 << 1;
    public static final long CR4_TSD = 1 << 2; // time stamp disable
    public static final long CR4_DE = 1 << 3; // debugging extensions
    public static final long CR4_PSE = 1 << 4; // page size extensions
    public static final long CR4_PAE = 1 << 5; // physical address extension
    public static final long CR4_MCE = 1 << 6;
    public static final long CR4_PGE = 1 << 7; // global pages
    public static final long CR4_PCE = 1 << 8;
    public static final long CR4_OSFXSR = 1 << 9;
    public static final long CR4_OSXMMEXCPT = 1 << 10;
    public static final long CR4_UMIP = 1 << 11;
    public static final long CR4_FSGSBASE = 1 << 16;
    public static final long CR4_OSXSAVE = 1 << 18;
    public static final long CR4_SMEP = 1 << 20;
    public static final long CR4_SMAP = 1 << 21;

    private ControlRegister() {}
}
