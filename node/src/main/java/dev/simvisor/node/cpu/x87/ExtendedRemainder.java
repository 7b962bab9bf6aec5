package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/** FPREM and FPREM1: exact partial remainders (SDM Vol 2, FPREM). */
public final class ExtendedRemainder {
    /** Returned when the exponents were too far apart and the result is a partial remainder: C2. */
    public static final int INCOMPLETE = 8;

    private ExtendedRemainder() {}

    /** FPREM: remainder of a truncated quotient. Returns the quotient's low three bits, or {@link #INCOMPLETE}. */
    public static int truncating(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        return remainder(env, a, aSignificand, b, bSignificand, false);
    }

    /** FPREM1: remainder of the nearest quotient (IEEE 754). Returns as {@link #truncating} does. */
    public static int nearest(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        return remainder(env, a, aSignificand, b, bSignificand, true);
    }

    private static int remainder(
            FloatEnvironment env, int a, long aSignificand, int b, long bSignificand, boolean nearest) {
        if (ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            return 0;
        }
        if (Extended.isInfinite(a, aSignificand) || Extended.isZero(b, bSignificand)) {
            ExtendedRounding.invalid(env);
            return 0;
        }
        if (ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return 0;
        }
        if (Extended.isZero(a, aSignificand)) {
            env.setResult(a, aSignificand);
            return 0;
        }
        if (Extended.isInfinite(b, bSignificand)) {
            ExtendedArithmetic.roundNumber(env, a, aSignificand, 64);
            return 0;
        }
        int aExponent = Extended.exponent(a, aSignificand);
        int bExponent = Extended.exponent(b, bSignificand);
        int difference = aExponent - bExponent;
        if (difference < (nearest ? -1 : 0)) {
            ExtendedArithmetic.roundNumber(env, a, aSignificand, 64);
            return 0;
        }
        boolean negative = Extended.isNegative(a);
        long dividend = Extended.normalized(aSignificand);
        long divisor = Extended.normalized(bSignificand);
        if (difference < 0) {
            return nearestBelow(env, negative, aExponent, dividend, divisor);
        }
        if (difference >= 64) {
            int reduced = reduction(difference);
            divideSteps(env, negative, bExponent + difference - reduced, dividend, divisor, reduced, false);
            return INCOMPLETE;
        }
        return divideSteps(env, negative, bExponent, dividend, divisor, difference, nearest);
    }

    /** By how many binary places one partial step reduces the difference of the exponents: 32 to 63. */
    private static int reduction(int difference) {
        return difference & 31 | 32;
    }

    /** The nearest quotient is 0 or 1 because the dividend's exponent is one less than the divisor's. */
    private static int nearestBelow(
            FloatEnvironment env, boolean negative, int aExponent, long dividend, long divisor) {
        if (Long.compareUnsigned(dividend, divisor) <= 0) {
            leave(env, negative, aExponent, dividend, negative);
            return 0;
        }
        leave(env, !negative, aExponent, (divisor << 1) - dividend, negative);
        return 1;
    }

    /** Restoring division, one quotient bit a step; leaves the remainder and returns the quotient's low three bits. */
    private static int divideSteps(
            FloatEnvironment env,
            boolean negative,
            int exponent,
            long dividend,
            long divisor,
            int difference,
            boolean nearest) {
        long rest = dividend;
        long quotient = 0;
        boolean carry = false;
        for (int step = difference; step >= 0; step--) {
            quotient <<= 1;
            if (carry || Long.compareUnsigned(rest, divisor) >= 0) {
                rest -= divisor;
                quotient |= 1;
            }
            if (step > 0) {
                carry = rest < 0;
                rest <<= 1;
            }
        }
        boolean roundUp = nearest && exceedsHalf(rest, divisor, quotient);
        if (roundUp) {
            leave(env, !negative, exponent, divisor - rest, negative);
            return (int) (quotient + 1) & 7;
        }
        leave(env, negative, exponent, rest, negative);
        return (int) quotient & 7;
    }

    private static boolean exceedsHalf(long rest, long divisor, long quotient) {
        if (rest < 0) {
            return true;
        }
        int order = Long.compareUnsigned(rest << 1, divisor);
        return order > 0 || (order == 0 && (quotient & 1) != 0);
    }

    private static void leave(
            FloatEnvironment env, boolean negative, int exponent, long magnitude, boolean zeroNegative) {
        if (magnitude == 0) {
            ExtendedRounding.zero(env, zeroNegative);
            return;
        }
        int zeros = Long.numberOfLeadingZeros(magnitude);
        env.unrounded().set(negative, exponent - zeros, magnitude << zeros, 0);
        ExtendedRounding.round(env, 64);
    }
}
