package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/**
 * Sums and products of two normal numbers whose result is far from overflow and underflow, rounded to the nearest of 64 bits:
 * nearly all that programs compute. Each says whether it applies; else nothing has happened, and {@link ExtendedArithmetic} has
 * the general way.
 */
final class NormalArithmetic {
    private static final int LEAST = 1;
    private static final int GREATEST = Extended.EXPONENT - 1;

    private NormalArithmetic() {}

    private static boolean applies(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        return (aSignificand & bSignificand) < 0
                && isNormal(a & Extended.EXPONENT)
                && isNormal(b & Extended.EXPONENT)
                && !env.denormalSource()
                && env.precision() == 64
                && env.rounding() == FloatEnvironment.NEAREST;
    }

    private static boolean isNormal(int exponent) {
        return exponent >= LEAST && exponent <= GREATEST;
    }

    static boolean multiply(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (!applies(env, a, aSignificand, b, bSignificand)) return false;
        int exponent = (a & Extended.EXPONENT) + (b & Extended.EXPONENT) - Extended.BIAS;
        long high = Math.unsignedMultiplyHigh(aSignificand, bSignificand);
        long low = aSignificand * bSignificand;
        if (high < 0) {
            exponent++;
        } else {
            high = high << 1 | low >>> 63;
            low <<= 1;
        }
        return round(env, (a ^ b) & Extended.SIGN, exponent, high, low);
    }

    static boolean add(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (!applies(env, a, aSignificand, b, bSignificand)) return false;
        int distance = (a & Extended.EXPONENT) - (b & Extended.EXPONENT);
        boolean larger = distance > 0 || distance == 0 && Long.compareUnsigned(aSignificand, bSignificand) >= 0;
        return larger
                ? addSmaller(env, a, aSignificand, b, bSignificand, distance)
                : addSmaller(env, b, bSignificand, a, aSignificand, -distance);
    }

    /** Adds b, the magnitude of which is not larger. */
    private static boolean addSmaller(
            FloatEnvironment env, int a, long aSignificand, int b, long bSignificand, int distance) {
        if (distance > 63) return false;
        int exponent = a & Extended.EXPONENT;
        long high = bSignificand >>> distance;
        long low = distance == 0 ? 0 : bSignificand << 64 - distance;
        if (((a ^ b) & Extended.SIGN) == 0) {
            high += aSignificand;
            if (Long.compareUnsigned(high, aSignificand) < 0) {
                // The bit that falls out stays as a sticky one.
                low = high << 63 | low >>> 1 | low & 1;
                high = high >>> 1 | Extended.INTEGER_BIT;
                exponent++;
            }
        } else {
            high = aSignificand - high - (low == 0 ? 0 : 1);
            low = -low;
            if (high == 0) return false;
            int shift = Long.numberOfLeadingZeros(high);
            // A shift by 64 less the count, in two steps as the count may be zero.
            high = high << shift | low >>> 1 >>> 63 - shift;
            low <<= shift;
            exponent -= shift;
        }
        return round(env, a & Extended.SIGN, exponent, high, low);
    }

    private static boolean round(FloatEnvironment env, int sign, int exponent, long high, long low) {
        if (exponent <= LEAST || exponent >= GREATEST) return false;
        boolean up = low < 0 && (low != Long.MIN_VALUE || (high & 1) != 0);
        long significand = up ? high + 1 : high;
        if (low != 0) env.raise(FloatEnvironment.PRECISION);
        env.setRoundedUp(up);
        // Rounded up from all ones: the next power of two.
        if (significand == 0) env.setResult(sign | exponent + 1, Extended.INTEGER_BIT);
        else env.setResult(sign | exponent, significand);
        return true;
    }
}
