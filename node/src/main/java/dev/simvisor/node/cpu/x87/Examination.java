package dev.simvisor.node.cpu.x87;

/** FXAM: the class of a number as condition bits of the status word (SDM Vol 2, FXAM). */
public final class Examination {
    /** Condition bit C0 in the status word. */
    public static final int C0 = 1 << 8;
    /** Condition bit C1 in the status word. */
    public static final int C1 = 1 << 9;
    /** Condition bit C2 in the status word. */
    public static final int C2 = 1 << 10;
    /** Condition bit C3 in the status word. */
    public static final int C3 = 1 << 14;
    /** What an empty register shows, apart from its sign in C1. */
    public static final int EMPTY = C3 | C0;

    private Examination() {}

    /** The condition bits of a number in a register that is not empty. */
    public static int conditions(int signExponent, long significand) {
        return kind(signExponent, significand) | sign(signExponent);
    }

    /** C1 is the sign, of an empty register too. */
    public static int sign(int signExponent) {
        return Extended.isNegative(signExponent) ? C1 : 0;
    }

    private static int kind(int signExponent, long significand) {
        if (Extended.isUnsupported(signExponent, significand)) {
            return 0;
        }
        if (Extended.isNan(signExponent, significand)) {
            return C0;
        }
        if (Extended.isInfinite(signExponent, significand)) {
            return C2 | C0;
        }
        if (Extended.isZero(signExponent, significand)) {
            return C3;
        }
        return Extended.isDenormal(signExponent, significand) ? C3 | C2 : C2;
    }
}
