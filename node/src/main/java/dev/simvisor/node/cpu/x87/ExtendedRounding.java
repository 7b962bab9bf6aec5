package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.Unrounded;

/** Leaves the results of x87 operations in the environment: rounded numbers, and the special ones. */
final class ExtendedRounding {
    /** The exponent of the smallest normal number. */
    static final int MINIMUM_EXPONENT = 1 - Extended.BIAS;
    /** The exponent of the largest number. */
    static final int MAXIMUM_EXPONENT = Extended.BIAS;
    /** Added to or taken from the exponent of an unmasked overflow or underflow (SDM Vol 1 §8.5.4, §8.5.5). */
    static final int BIAS_ADJUSTMENT = 24576;

    private ExtendedRounding() {}

    /** Rounds the exact result, or leaves a zero whose sign is that of an exact cancellation. */
    static void roundOrZero(FloatEnvironment env, int precision) {
        if (env.unrounded().isZero()) {
            zero(env, env.rounding() == FloatEnvironment.DOWN);
        } else {
            round(env, precision);
        }
    }

    /** Rounds the exact non-zero result to {@code precision} bits and to the format's range. */
    static void round(FloatEnvironment env, int precision) {
        Unrounded exact = env.unrounded();
        if (exact.isTiny(precision, env.rounding(), MINIMUM_EXPONENT)) {
            underflow(env, exact, precision);
            return;
        }
        roundSignificand(env, exact, precision);
        if (exact.exponent() > MAXIMUM_EXPONENT) {
            overflow(env, exact, precision);
        } else {
            pack(env, exact, exact.exponent());
        }
    }

    private static void roundSignificand(FloatEnvironment env, Unrounded exact, int precision) {
        exact.round(precision, env.rounding());
        env.setRoundedUp(exact.roundedUp());
        if (exact.inexact()) {
            env.raise(FloatEnvironment.PRECISION);
        }
    }

    private static void overflow(FloatEnvironment env, Unrounded exact, int precision) {
        env.raise(FloatEnvironment.OVERFLOW);
        if (!env.masked(FloatEnvironment.OVERFLOW)) {
            packScaled(env, exact, exact.exponent() - BIAS_ADJUSTMENT);
            return;
        }
        env.raise(FloatEnvironment.PRECISION);
        boolean infinite = exact.overflowsToInfinity(env.rounding());
        env.setRoundedUp(infinite);
        if (infinite) {
            infinity(env, exact.negative());
        } else {
            env.setResult(Extended.sign(exact.negative()) | Extended.EXPONENT - 1, -1L << (64 - precision));
        }
    }

    private static void underflow(FloatEnvironment env, Unrounded exact, int precision) {
        if (!env.masked(FloatEnvironment.UNDERFLOW)) {
            env.raise(FloatEnvironment.UNDERFLOW);
            roundSignificand(env, exact, precision);
            packScaled(env, exact, exact.exponent() + BIAS_ADJUSTMENT);
            return;
        }
        exact.shiftRight(MINIMUM_EXPONENT - exact.exponent());
        roundSignificand(env, exact, precision);
        if (exact.inexact()) {
            env.raise(FloatEnvironment.UNDERFLOW);
        }
        int biasedExponent = exact.high() < 0 ? 1 : 0;
        env.setResult(Extended.sign(exact.negative()) | biasedExponent, exact.high());
    }

    /** Packs a bias-adjusted result, unless FSCALE went so far that it is out of range still (SDM Vol 2, FSCALE). */
    private static void packScaled(FloatEnvironment env, Unrounded exact, int exponent) {
        if (exponent > MAXIMUM_EXPONENT || exponent < MINIMUM_EXPONENT) {
            boolean infinite = exponent > MAXIMUM_EXPONENT;
            env.raise(FloatEnvironment.PRECISION);
            env.setRoundedUp(infinite);
            if (infinite) {
                infinity(env, exact.negative());
            } else {
                zero(env, exact.negative());
            }
        } else {
            pack(env, exact, exponent);
        }
    }

    private static void pack(FloatEnvironment env, Unrounded exact, int exponent) {
        int biasedExponent = exponent + Extended.BIAS & Extended.EXPONENT;
        env.setResult(Extended.sign(exact.negative()) | biasedExponent, exact.high());
    }

    static void zero(FloatEnvironment env, boolean negative) {
        env.setResult(Extended.sign(negative), 0);
    }

    static void infinity(FloatEnvironment env, boolean negative) {
        env.setResult(Extended.sign(negative) | Extended.EXPONENT, Extended.INTEGER_BIT);
    }

    /** Raises the invalid-operation exception, whose masked answer is the real indefinite. */
    static void invalid(FloatEnvironment env) {
        env.raise(FloatEnvironment.INVALID);
        env.setResult(Extended.INDEFINITE_SIGN_EXPONENT, Extended.INDEFINITE_SIGNIFICAND);
    }
}
