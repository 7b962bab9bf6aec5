package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/** FSCALE and FXTRACT: exponents as numbers. */
public final class ExtendedScaling {
    /** Beyond this scale every number overflows or vanishes, even after the bias adjustment. */
    private static final int FAR = 0x10000;

    private ExtendedScaling() {}

    /** FSCALE: a × 2^trunc(b). */
    public static void scale(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        if (Extended.isInfinite(b, bSignificand)) {
            scaleByInfinity(env, a, aSignificand, b);
            return;
        }
        if (ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        if (Extended.isZero(a, aSignificand) || Extended.isInfinite(a, aSignificand)) {
            env.setResult(a, aSignificand);
            return;
        }
        env.unrounded()
                .set(
                        Extended.isNegative(a),
                        Extended.exponent(a, aSignificand) + wholePart(b, bSignificand),
                        Extended.normalized(aSignificand),
                        0);
        ExtendedRounding.round(env, 64);
    }

    private static void scaleByInfinity(FloatEnvironment env, int a, long aSignificand, int b) {
        boolean shrinks = Extended.isNegative(b);
        boolean zero = Extended.isZero(a, aSignificand);
        if (shrinks ? Extended.isInfinite(a, aSignificand) : zero) {
            ExtendedRounding.invalid(env);
        } else if (!ExtendedOperands.stopped(env, a, aSignificand)) {
            if (shrinks) {
                ExtendedRounding.zero(env, Extended.isNegative(a));
            } else {
                ExtendedRounding.infinity(env, Extended.isNegative(a));
            }
        }
    }

    private static int wholePart(int b, long bSignificand) {
        int exponent = (b & Extended.EXPONENT) - Extended.BIAS;
        if (exponent < 0) {
            return 0;
        }
        int magnitude = exponent > 15 ? FAR : (int) (bSignificand >>> (63 - exponent));
        return Extended.isNegative(b) ? -magnitude : magnitude;
    }

    /** FXTRACT, the part that replaces ST(0) first: the unbiased exponent as a number. */
    public static void extractExponent(FloatEnvironment env, int a, long aSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand)) {
            return;
        }
        if (Extended.isInfinite(a, aSignificand)) {
            ExtendedRounding.infinity(env, false);
        } else if (Extended.isZero(a, aSignificand)) {
            env.raise(FloatEnvironment.ZERO_DIVIDE);
            ExtendedRounding.infinity(env, true);
        } else if (!ExtendedOperands.stopped(env, a, aSignificand)) {
            int exponent = Extended.exponent(a, aSignificand);
            ExtendedArithmetic.setInteger(env, exponent < 0, Math.abs(exponent));
            if (exponent == 0) {
                ExtendedRounding.zero(env, false);
            }
        }
    }

    /** FXTRACT, the part that is pushed: the significand, with the exponent of 1.0. Raises what the exponent part raised. */
    public static void extractSignificand(FloatEnvironment env, int a, long aSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand)) {
            return;
        }
        if (Extended.isInfinite(a, aSignificand) || Extended.isZero(a, aSignificand)) {
            env.setResult(a, aSignificand);
        } else {
            env.setResult(a & Extended.SIGN | Extended.BIAS, Extended.normalized(aSignificand));
        }
    }
}
