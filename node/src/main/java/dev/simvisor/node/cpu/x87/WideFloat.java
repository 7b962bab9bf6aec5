package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/**
 * A working number with 128 bits of significand for the transcendental functions, changed in place. Each operation is right
 * to about one unit in the last of those bits; the exponent is unbounded for every practical purpose.
 *
 * <p>Its value is {@code ±high.low × 2^(exponent-63)} with bit 63 of {@code high} set, or zero with both words zero.
 */
final class WideFloat {
    private static final long TOP = 1L << 63;

    private boolean negative;
    private int exponent;
    private long high;
    private long low;

    WideFloat set(boolean isNegative, int leadingExponent, long highBits, long lowBits) {
        negative = isNegative;
        exponent = leadingExponent;
        high = highBits;
        low = lowBits;
        normalize();
        return this;
    }

    WideFloat set(WideFloat other) {
        return set(other.negative, other.exponent, other.high, other.low);
    }

    WideFloat setInteger(long value) {
        return set(value < 0, 63, Math.abs(value), 0);
    }

    /** An extended number, finite and not zero. */
    WideFloat setExtended(int signExponent, long significand) {
        return set(
                Extended.isNegative(signExponent),
                Extended.exponent(signExponent, significand),
                Extended.normalized(significand),
                0);
    }

    boolean isNegative() {
        return negative;
    }

    int exponent() {
        return exponent;
    }

    /** The leading 64 bits of the significand. */
    long high() {
        return high;
    }

    boolean isZero() {
        return (high | low) == 0;
    }

    WideFloat negate() {
        negative = !negative;
        return this;
    }

    WideFloat absolute() {
        negative = false;
        return this;
    }

    WideFloat setNegative(boolean isNegative) {
        negative = isNegative;
        return this;
    }

    /** Multiplies by a power of two. */
    WideFloat scale(int power) {
        exponent += power;
        return this;
    }

    WideFloat multiply(WideFloat other) {
        long middle = Math.unsignedMultiplyHigh(high, other.low);
        long productHigh = Math.unsignedMultiplyHigh(high, other.high);
        long productLow = high * other.high;
        productHigh += carry(productLow, middle);
        productLow += middle;
        middle = Math.unsignedMultiplyHigh(low, other.high);
        productHigh += carry(productLow, middle);
        productLow += middle;
        return set(negative != other.negative, exponent + other.exponent + 1, productHigh, productLow);
    }

    private static long carry(long a, long b) {
        return Long.compareUnsigned(a + b, a) < 0 ? 1 : 0;
    }

    WideFloat add(WideFloat other) {
        if (other.isZero()) {
            return this;
        }
        if (isZero() || compareMagnitude(other) < 0) {
            return addSmaller(other.negative, other.exponent, other.high, other.low, negative, exponent, high, low);
        }
        return addSmaller(negative, exponent, high, low, other.negative, other.exponent, other.high, other.low);
    }

    int compareMagnitude(WideFloat other) {
        if (isZero() || other.isZero() || exponent != other.exponent) {
            return isZero()
                    ? (other.isZero() ? 0 : -1)
                    : other.isZero() ? 1 : Integer.compare(exponent, other.exponent);
        }
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    private WideFloat addSmaller(
            boolean aNegative,
            int aExponent,
            long aHigh,
            long aLow,
            boolean bNegative,
            int bExponent,
            long bHigh,
            long bLow) {
        set(bNegative, bExponent, bHigh, bLow);
        align(aExponent);
        if (aNegative == bNegative) {
            long sumLow = aLow + low;
            long sumHigh = aHigh + high + carry(aLow, low);
            if (Long.compareUnsigned(sumHigh, aHigh) < 0 || (sumHigh == aHigh && high != 0)) {
                return set(aNegative, aExponent + 1, sumHigh >>> 1 | TOP, sumHigh << 63 | sumLow >>> 1);
            }
            return set(aNegative, aExponent, sumHigh, sumLow);
        }
        long borrow = Long.compareUnsigned(aLow, low) < 0 ? 1 : 0;
        return set(aNegative, aExponent, aHigh - high - borrow, aLow - low);
    }

    /** Shifts right to a larger exponent; a sticky last bit keeps the direction of what is lost. */
    private void align(int toExponent) {
        int count = isZero() ? 0 : Math.min(toExponent - exponent, 128);
        exponent = toExponent;
        if (count == 0) {
            return;
        }
        if (count < 64) {
            long lost = low << (64 - count);
            low = high << (64 - count) | low >>> count | (lost != 0 ? 1 : 0);
            high >>>= count;
        } else {
            low = count == 128 ? 1 : high >>> (count - 64) | 1;
            high = 0;
        }
    }

    /** Divides by a number that is not zero: restoring division, a bit a step. */
    WideFloat divide(WideFloat other) {
        long restHigh = high;
        long restLow = low;
        long quotientHigh = 0;
        long quotientLow = 0;
        boolean overflow = false;
        for (int step = 0; step < 128; step++) {
            quotientHigh = quotientHigh << 1 | quotientLow >>> 63;
            quotientLow <<= 1;
            int order = Long.compareUnsigned(restHigh, other.high);
            if (overflow || order > 0 || (order == 0 && Long.compareUnsigned(restLow, other.low) >= 0)) {
                restHigh -= other.high + (Long.compareUnsigned(restLow, other.low) < 0 ? 1 : 0);
                restLow -= other.low;
                quotientLow |= 1;
            }
            overflow = restHigh < 0;
            restHigh = restHigh << 1 | restLow >>> 63;
            restLow <<= 1;
        }
        return set(negative != other.negative, exponent - other.exponent, quotientHigh, quotientLow);
    }

    private void normalize() {
        if (high == 0) {
            if (low == 0) {
                return;
            }
            high = low;
            low = 0;
            exponent -= 64;
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift != 0) {
            high = high << shift | low >>> (64 - shift);
            low <<= shift;
            exponent -= shift;
        }
    }

    /** Leaves this number, known to be inexact, as the x87 result. */
    void leave(FloatEnvironment env) {
        env.unrounded().set(negative, exponent, high, low | 1);
        ExtendedRounding.round(env, 64);
    }
}
