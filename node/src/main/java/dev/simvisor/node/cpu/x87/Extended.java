package dev.simvisor.node.cpu.x87;

/**
 * Questions about a number in the double extended format (SDM Vol 1 §4.2.2, §8.2.2), given as its two memory words: sign and
 * biased exponent (16 bits), and a significand whose integer bit is explicit.
 */
public final class Extended {
    /** The exponent bias. */
    public static final int BIAS = 16383;
    /** The biased exponent of infinities and NaNs, and the mask of the exponent field. */
    public static final int EXPONENT = 0x7fff;
    /** The sign. */
    public static final int SIGN = 0x8000;
    /** The explicit integer bit. */
    public static final long INTEGER_BIT = 1L << 63;
    /** Set in a quiet NaN. */
    public static final long QUIET_BIT = 1L << 62;
    /** Sign and exponent of the real indefinite QNaN (SDM Vol 1 §4.8.3.7). */
    public static final int INDEFINITE_SIGN_EXPONENT = 0xffff;
    /** Significand of the real indefinite QNaN. */
    public static final long INDEFINITE_SIGNIFICAND = INTEGER_BIT | QUIET_BIT;

    private Extended() {}

    /** Whether the sign bit is set. */
    public static boolean isNegative(int signExponent) {
        return (signExponent & SIGN) != 0;
    }

    /** Whether the encoding is one that the 387 and later reject: an unnormal, a pseudo-infinity or a pseudo-NaN. */
    public static boolean isUnsupported(int signExponent, long significand) {
        return significand >= 0 && (signExponent & EXPONENT) != 0;
    }

    /** Whether the number is a NaN. */
    public static boolean isNan(int signExponent, long significand) {
        return (signExponent & EXPONENT) == EXPONENT && significand < 0 && significand != INTEGER_BIT;
    }

    /** Whether the number is a signaling NaN. */
    public static boolean isSignaling(int signExponent, long significand) {
        return isNan(signExponent, significand) && (significand & QUIET_BIT) == 0;
    }

    /** Whether the number is an infinity. */
    public static boolean isInfinite(int signExponent, long significand) {
        return (signExponent & EXPONENT) == EXPONENT && significand == INTEGER_BIT;
    }

    /** Whether the number is a zero. */
    public static boolean isZero(int signExponent, long significand) {
        return significand == 0 && (signExponent & EXPONENT) == 0;
    }

    /** Whether the number is a denormal or a pseudo-denormal. */
    public static boolean isDenormal(int signExponent, long significand) {
        return significand != 0 && (signExponent & EXPONENT) == 0;
    }

    /** The unbiased exponent of the leading bit of a finite non-zero number. */
    public static int exponent(int signExponent, long significand) {
        int biased = signExponent & EXPONENT;
        return biased != 0 ? biased - BIAS : 1 - BIAS - Long.numberOfLeadingZeros(significand);
    }

    /** The significand of a finite non-zero number shifted so that its leading bit is bit 63. */
    public static long normalized(long significand) {
        return significand << Long.numberOfLeadingZeros(significand);
    }

    static int sign(boolean negative) {
        return negative ? SIGN : 0;
    }
}
