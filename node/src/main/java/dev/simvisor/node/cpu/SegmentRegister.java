package dev.simvisor.node.cpu;

/** Indices of the segment registers in the processor's arrays, in the order of their encodings (SDM Vol 2A table 2-1). */
public final class SegmentRegister {
    public static final int ES = 0;
    public static final int CS = 1;
    public static final int SS = 2;
    public static final int DS = 3;
    public static final int FS = 4;
    public static final int GS = 5;

    /** The system segment registers have no encoding of their own. */
    public static final int LDTR = 6;

    public static final int TR = 7;
    public static final int COUNT = 8;

    private SegmentRegister() {}
}
