package dev.simvisor.node.cpu.softfloat;

/**
 * SSE arithmetic on the raw bits of either format: exact, in integers, with every exception, in every rounding mode. The
 * fast paths of {@link SingleArithmetic} and {@link DoubleArithmetic} fall back to it.
 *
 * <p>When an unmasked pre-computation exception is raised the returned value means nothing: SSE writes no result then
 * (SDM Vol 1 §11.5.3).
 */
final class BinaryArithmetic {
    private BinaryArithmetic() {}

    static long add(FloatEnvironment env, BinaryFormat format, long first, long second) {
        long a = operand(env, format, first);
        long b = operand(env, format, second);
        if (format.isNan(a) || format.isNan(b)) {
            return propagateNan(env, format, a, b);
        }
        if (format.isInfinite(a) && format.isInfinite(b) && a != b) {
            return invalid(env, format);
        }
        if (stoppedByDenormal(env, format, a, b)) {
            return 0;
        }
        if (format.isInfinite(a) || format.isInfinite(b)) {
            return format.isInfinite(a) ? a : b;
        }
        if (format.isZero(a) || format.isZero(b)) {
            return addZero(env, format, a, b);
        }
        Unrounded sum = env.unrounded();
        sum.add(
                format.isNegative(a),
                format.exponent(a),
                format.significand(a),
                format.isNegative(b),
                format.exponent(b),
                format.significand(b));
        return sum.isZero() ? format.zero(env.rounding() == FloatEnvironment.DOWN) : BinaryRounding.round(env, format);
    }

    private static long addZero(FloatEnvironment env, BinaryFormat format, long a, long b) {
        if (format.isZero(a) && format.isZero(b)) {
            return a == b ? a : format.zero(env.rounding() == FloatEnvironment.DOWN);
        }
        // The sum is the other operand, rounded again only so that a denormal meets FTZ and an unmasked underflow.
        return repack(env, format, format.isZero(a) ? b : a);
    }

    static long subtract(FloatEnvironment env, BinaryFormat format, long a, long b) {
        return add(env, format, a, format.isNan(b) ? b : b ^ format.signBit());
    }

    static long multiply(FloatEnvironment env, BinaryFormat format, long first, long second) {
        long a = operand(env, format, first);
        long b = operand(env, format, second);
        if (format.isNan(a) || format.isNan(b)) {
            return propagateNan(env, format, a, b);
        }
        boolean zero = format.isZero(a) || format.isZero(b);
        boolean infinite = format.isInfinite(a) || format.isInfinite(b);
        if (zero && infinite) {
            return invalid(env, format);
        }
        if (stoppedByDenormal(env, format, a, b)) {
            return 0;
        }
        boolean negative = format.isNegative(a) != format.isNegative(b);
        if (zero || infinite) {
            return zero ? format.zero(negative) : format.infinity(negative);
        }
        env.unrounded()
                .multiply(
                        negative, format.exponent(a), format.significand(a), format.exponent(b), format.significand(b));
        return BinaryRounding.round(env, format);
    }

    static long divide(FloatEnvironment env, BinaryFormat format, long first, long second) {
        long a = operand(env, format, first);
        long b = operand(env, format, second);
        if (format.isNan(a) || format.isNan(b)) {
            return propagateNan(env, format, a, b);
        }
        boolean zeroes = format.isZero(a) && format.isZero(b);
        if (zeroes || (format.isInfinite(a) && format.isInfinite(b))) {
            return invalid(env, format);
        }
        boolean negative = format.isNegative(a) != format.isNegative(b);
        if (format.isZero(b) && !format.isInfinite(a)) {
            // Reported alone, even when the dividend is denormal: so on silicon.
            env.raise(FloatEnvironment.ZERO_DIVIDE);
        } else if (stoppedByDenormal(env, format, a, b)) {
            return 0;
        }
        if (format.isInfinite(a) || format.isZero(b)) {
            return format.infinity(negative);
        }
        if (format.isZero(a) || format.isInfinite(b)) {
            return format.zero(negative);
        }
        env.unrounded()
                .divide(negative, format.exponent(a), format.significand(a), format.exponent(b), format.significand(b));
        return BinaryRounding.round(env, format);
    }

    static long squareRoot(FloatEnvironment env, BinaryFormat format, long value) {
        long a = operand(env, format, value);
        if (format.isNan(a)) {
            return propagateNan(env, format, a, a);
        }
        if (format.isZero(a)) {
            return a;
        }
        if (format.isNegative(a)) {
            return invalid(env, format);
        }
        if (stoppedByDenormal(env, format, a, a) || format.isInfinite(a)) {
            return a;
        }
        env.unrounded().squareRoot(format.exponent(a), format.significand(a));
        return BinaryRounding.round(env, format);
    }

    /** MINxx (-1) or MAXxx (+1): the second operand whenever the first does not win (SDM Vol 2, MINSD, MAXSD). */
    static long extreme(FloatEnvironment env, BinaryFormat format, long first, long second, int winning) {
        long a = operand(env, format, first);
        long b = operand(env, format, second);
        if (format.isNan(a) || format.isNan(b)) {
            env.raise(FloatEnvironment.INVALID);
            return b;
        }
        raiseDenormal(env, format, a, b);
        return order(format, a, b) == winning ? a : b;
    }

    /** Compares; {@code quiet} tells whether a quiet NaN is accepted without an exception. */
    static Ordering compare(FloatEnvironment env, BinaryFormat format, long first, long second, boolean quiet) {
        long a = operand(env, format, first);
        long b = operand(env, format, second);
        if (format.isNan(a) || format.isNan(b)) {
            if (!quiet || format.isSignaling(a) || format.isSignaling(b)) {
                env.raise(FloatEnvironment.INVALID);
            }
            return Ordering.UNORDERED;
        }
        raiseDenormal(env, format, a, b);
        int order = order(format, a, b);
        return order < 0 ? Ordering.LESS : order > 0 ? Ordering.GREATER : Ordering.EQUAL;
    }

    private static int order(BinaryFormat format, long a, long b) {
        return Long.compare(rank(format, a), rank(format, b));
    }

    /** An integer that orders as the number does; both zeroes have rank zero. */
    private static long rank(BinaryFormat format, long bits) {
        long magnitude = bits & ~format.signBit();
        return format.isNegative(bits) ? -magnitude : magnitude;
    }

    /** Widens or narrows between the two formats. */
    static long convert(FloatEnvironment env, BinaryFormat from, BinaryFormat to, long value) {
        long a = operand(env, from, value);
        if (from.isNan(a)) {
            if (from.isSignaling(a)) {
                env.raise(FloatEnvironment.INVALID);
            }
            return to.nan(from.isNegative(a), from.nanSignificand(a));
        }
        if (from.isInfinite(a)) {
            return to.infinity(from.isNegative(a));
        }
        if (from.isZero(a)) {
            return to.zero(from.isNegative(a));
        }
        if (stoppedByDenormal(env, from, a, a)) {
            return 0;
        }
        return repackInto(env, from, to, a);
    }

    /** A signed integer as a number, rounded. */
    static long fromInteger(FloatEnvironment env, BinaryFormat format, long value) {
        if (value == 0) {
            return 0;
        }
        long magnitude = Math.abs(value);
        int zeros = Long.numberOfLeadingZeros(magnitude);
        env.unrounded().set(value < 0, 63 - zeros, magnitude << zeros, 0);
        return BinaryRounding.round(env, format);
    }

    /** A number as a signed integer of {@code bits} bits; the integer indefinite where it does not fit. */
    static long toInteger(FloatEnvironment env, BinaryFormat format, long value, int rounding, int bits) {
        long a = env.denormalsAreZero() ? format.withoutDenormal(value) : value;
        if (format.isZero(a)) {
            return 0;
        }
        long indefinite = -1L << (bits - 1);
        if (format.isNan(a) || format.isInfinite(a)) {
            env.raise(FloatEnvironment.INVALID);
            return indefinite;
        }
        Unrounded number = env.unrounded();
        number.set(format.isNegative(a), format.exponent(a), format.significand(a), 0);
        if (!number.fitsInteger(rounding, bits)) {
            env.raise(FloatEnvironment.INVALID);
            return indefinite;
        }
        if (number.inexact()) {
            env.raise(FloatEnvironment.PRECISION);
        }
        return number.integer();
    }

    private static long operand(FloatEnvironment env, BinaryFormat format, long bits) {
        return env.denormalsAreZero() ? format.withoutDenormal(bits) : bits;
    }

    /** A NaN operand as the result: the first that is one, made quiet (SDM Vol 1 table 4-7). */
    private static long propagateNan(FloatEnvironment env, BinaryFormat format, long a, long b) {
        if (format.isSignaling(a) || format.isSignaling(b)) {
            env.raise(FloatEnvironment.INVALID);
        }
        return format.quiet(format.isNan(a) ? a : b);
    }

    private static long invalid(FloatEnvironment env, BinaryFormat format) {
        env.raise(FloatEnvironment.INVALID);
        return format.indefinite();
    }

    private static void raiseDenormal(FloatEnvironment env, BinaryFormat format, long a, long b) {
        if (format.isDenormal(a) || format.isDenormal(b)) {
            env.raise(FloatEnvironment.DENORMAL);
        }
    }

    private static boolean stoppedByDenormal(FloatEnvironment env, BinaryFormat format, long a, long b) {
        raiseDenormal(env, format, a, b);
        return env.stopped();
    }

    private static long repack(FloatEnvironment env, BinaryFormat format, long finite) {
        return repackInto(env, format, format, finite);
    }

    private static long repackInto(FloatEnvironment env, BinaryFormat from, BinaryFormat to, long finite) {
        env.unrounded().set(from.isNegative(finite), from.exponent(finite), from.significand(finite), 0);
        return BinaryRounding.round(env, to);
    }
}
