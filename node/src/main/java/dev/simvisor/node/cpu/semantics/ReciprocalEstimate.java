package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.softfloat.BinaryFormat;

/**
 * RCPSS and RSQRTSS. The architecture asks for a relative error of at most 1.5 × 2^-12 and leaves the value to the processor;
 * ours is the exact one rounded to 12 bits. No exceptions, and denormals count as zero (SDM Vol 2B RCPPS, RSQRTPS).
 */
final class ReciprocalEstimate {
    private static final int HALF = 1 << 11;
    private static final int KEPT = -1 << 12;
    private static final int MINIMUM_NORMAL = 0x0080_0000;
    private static final int SIGN = Integer.MIN_VALUE;
    /** 2^126: from here on the reciprocal becomes zero, not a denormal. */
    private static final int VANISHING = 0x7E80_0000;

    private static final int INFINITY = 0x7F80_0000;

    private ReciprocalEstimate() {}

    static int reciprocal(int bits) {
        int sign = bits & SIGN;
        int magnitude = bits & ~SIGN;
        if (magnitude > INFINITY) return quiet(bits);
        if (magnitude < MINIMUM_NORMAL) return sign | INFINITY;
        if (magnitude >= VANISHING) return sign;
        return sign | round(1 / Float.intBitsToFloat(magnitude));
    }

    static int reciprocalSquareRoot(int bits) {
        int magnitude = bits & ~SIGN;
        if (magnitude > INFINITY) return quiet(bits);
        if (magnitude < MINIMUM_NORMAL) return bits & SIGN | INFINITY;
        if (bits < 0) return (int) BinaryFormat.SINGLE.indefinite();
        return round((float) (1 / Math.sqrt(Float.intBitsToFloat(magnitude))));
    }

    private static int round(float positive) {
        return Float.floatToRawIntBits(positive) + HALF & KEPT;
    }

    private static int quiet(int nan) {
        return (int) BinaryFormat.SINGLE.quiet(nan & 0xFFFF_FFFFL);
    }
}
