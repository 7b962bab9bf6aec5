package dev.simvisor.node.cpu;

/** The model-specific registers that hold state (SDM Vol 4). */
public final class ModelSpecificRegisters {
    public static final long EFER_SCE = 1;
    public static final long EFER_LME = 1 << 8;
    public static final long EFER_LMA = 1 << 10;
    public static final long EFER_NXE = 1 << 11;

    /** IA32_MTRR_DEF_TYPE: the ranges count, and memory outside of them is write-back (SDM Vol 3A §12.11.2.1). */
    public static final long MTRR_ENABLED_WRITE_BACK = 1 << 11 | 6;

    public long efer;
    public long star;
    public long lstar;
    public long cstar;
    public long syscallMask;
    public long kernelGsBase;
    public long sysenterCs;
    public long sysenterEsp;
    public long sysenterEip;
    public long pat = 0x0007_0406_0007_0406L;
    public long tscOffset;
    public long tscAux;
    public long miscEnable = 1;
    public long mtrrDefaultType;
    public final long[] mtrrFixed = new long[11];
    public final long[] mtrrVariable = new long[16];
}
