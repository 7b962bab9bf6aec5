package dev.simvisor.node.cpu.softfloat;

/**
 * The exact result of one operation before rounding: a sign, the exponent of the leading bit, and 128 bits of
 * significand of which the last is sticky (set when anything non-zero lies at or below it).
 *
 * <p>Its value is {@code ±high.low × 2^(exponent-63)}, with bit 63 of {@code high} set unless the value is zero.
 * Operands of the operations are non-zero and normalized the same way, with {@code low} zero.
 */
public final class Unrounded {
    private static final long TOP = 1L << 63;

    boolean negative;
    int exponent;
    long high;
    long low;
    boolean inexact;
    boolean roundedUp;

    /** Whether the value is exactly zero. */
    public boolean isZero() {
        return (high | low) == 0;
    }

    /** The sign. */
    public boolean negative() {
        return negative;
    }

    /** Unbiased exponent of the leading bit. */
    public int exponent() {
        return exponent;
    }

    /** The leading 64 bits. */
    public long high() {
        return high;
    }

    /** Whether the last {@link #round} changed the value. */
    public boolean inexact() {
        return inexact;
    }

    /** Whether the last {@link #round} enlarged the magnitude. */
    public boolean roundedUp() {
        return roundedUp;
    }

    /** Sets the value, which the caller has normalized. */
    public void set(boolean isNegative, int leadingExponent, long highBits, long lowBits) {
        negative = isNegative;
        exponent = leadingExponent;
        high = highBits;
        low = lowBits;
    }

    /** The sum of two numbers; zero when they cancel. */
    public void add(boolean aNegative, int aExponent, long a, boolean bNegative, int bExponent, long b) {
        boolean swap = aExponent < bExponent || (aExponent == bExponent && Long.compareUnsigned(a, b) < 0);
        if (swap) {
            addSmaller(bNegative, bExponent, b, aNegative, aExponent, a);
        } else {
            addSmaller(aNegative, aExponent, a, bNegative, bExponent, b);
        }
    }

    private void addSmaller(boolean aNegative, int aExponent, long a, boolean bNegative, int bExponent, long b) {
        set(bNegative, aExponent, b, 0);
        shiftRight(aExponent - bExponent);
        if (aNegative == bNegative) {
            high += a;
            if (Long.compareUnsigned(high, a) < 0) {
                low = high << 63 | low >>> 1 | low & 1;
                high = high >>> 1 | TOP;
                exponent++;
            }
        } else {
            high = a - high - (low != 0 ? 1 : 0);
            low = -low;
            normalize();
        }
        negative = aNegative;
    }

    /** The product of two numbers. */
    public void multiply(boolean isNegative, int aExponent, long a, int bExponent, long b) {
        set(isNegative, aExponent + bExponent + 1, Math.unsignedMultiplyHigh(a, b), a * b);
        normalize();
    }

    /** The quotient of two numbers: 64 bits, the next one, and whether anything follows. */
    public void divide(boolean isNegative, int aExponent, long a, int bExponent, long b) {
        negative = isNegative;
        exponent = aExponent - bExponent;
        long numeratorHigh = a >>> 1;
        long numeratorLow = a << 63;
        if (Long.compareUnsigned(a, b) < 0) {
            numeratorHigh = a;
            numeratorLow = 0;
            exponent--;
        }
        high = WideInteger.divide(numeratorHigh, numeratorLow, b);
        long remainder = numeratorLow - high * b;
        boolean half = remainder < 0 || Long.compareUnsigned(remainder << 1, b) >= 0;
        boolean rest = half ? (remainder << 1) != b : remainder != 0;
        low = (half ? TOP : 0) | (rest ? 1 : 0);
    }

    /** The square root of a positive number: 64 bits, the next one, and whether anything follows. */
    public void squareRoot(int aExponent, long a) {
        boolean odd = (aExponent & 1) != 0;
        long radicandHigh = odd ? a : a >>> 1;
        long radicandLow = odd ? 0 : a << 63;
        long root = WideInteger.squareRoot(radicandHigh, radicandLow);
        long squareLow = root * root;
        long remainderLow = radicandLow - squareLow;
        long borrow = Long.compareUnsigned(radicandLow, squareLow) < 0 ? 1 : 0;
        long remainderHigh = radicandHigh - Math.unsignedMultiplyHigh(root, root) - borrow;
        // (root + 1/2)² = root² + root + 1/4, so the next bit is set exactly when the remainder exceeds the root.
        boolean half = remainderHigh != 0 || Long.compareUnsigned(remainderLow, root) > 0;
        boolean rest = (remainderHigh | remainderLow) != 0;
        set(false, aExponent >> 1, root, (half ? TOP : 0) | (rest ? 1 : 0));
    }

    /** Rounds to the leading {@code precision} bits of {@code high} (1 to 64), keeping it normalized. */
    public void round(int precision, int rounding) {
        long unit = 1L << (64 - precision);
        long below = unit - 1;
        long tail = high & below;
        inexact = (tail | low) != 0;
        high &= ~below;
        roundedUp = inexact && roundsUp(unit, tail, rounding);
        low = 0;
        if (roundedUp) {
            high += unit;
            if (high == 0) {
                high = TOP;
                exponent++;
            }
        }
    }

    private boolean roundsUp(long unit, long tail, int rounding) {
        if (rounding != FloatEnvironment.NEAREST) {
            return rounding == (negative ? FloatEnvironment.DOWN : FloatEnvironment.UP);
        }
        boolean odd = (high & unit) != 0;
        if (unit == 1) {
            return low < 0 && (odd || low != TOP);
        }
        long half = unit >>> 1;
        return (tail & half) != 0 && (odd || tail != half || low != 0);
    }

    /** Whether the value, rounded to {@code precision} bits with an unbounded exponent, stays below 2^{@code minimum}. */
    public boolean isTiny(int precision, int rounding, int minimum) {
        if (exponent >= minimum) {
            return false;
        }
        int savedExponent = exponent;
        long savedHigh = high;
        long savedLow = low;
        round(precision, rounding);
        boolean tiny = exponent < minimum;
        set(negative, savedExponent, savedHigh, savedLow);
        return tiny;
    }

    /** Shifts the significand right without changing the exponent, keeping the sticky bit. */
    public void shiftRight(int count) {
        if (count == 0) {
            return;
        }
        if (count < 64) {
            long lost = low << (64 - count);
            low = high << (64 - count) | low >>> count | (lost != 0 ? 1 : 0);
            high >>>= count;
        } else if (count < 128) {
            int rest = count - 64;
            long lost = low | (rest == 0 ? 0 : high << (64 - rest));
            low = high >>> rest | (lost != 0 ? 1 : 0);
            high = 0;
        } else {
            low = (high | low) != 0 ? 1 : 0;
            high = 0;
        }
    }

    /** Whether a masked overflow in this direction gives infinity and not the largest number (SDM Vol 1 table 4-10). */
    public boolean overflowsToInfinity(int rounding) {
        return rounding == FloatEnvironment.NEAREST
                || rounding == (negative ? FloatEnvironment.DOWN : FloatEnvironment.UP);
    }

    /**
     * Rounds to an integer and says whether it is representable in {@code bits} bits of two's complement; if so,
     * {@link #integer()} is that integer.
     */
    public boolean fitsInteger(int rounding, int bits) {
        if (exponent >= bits) {
            return false;
        }
        shiftRight(63 - exponent);
        exponent = 63;
        round(64, rounding);
        if (exponent > 63) {
            return false;
        }
        long limit = 1L << (bits - 1);
        int beyond = Long.compareUnsigned(high, limit);
        return beyond < 0 || (negative && beyond == 0);
    }

    /** The value of a number that {@link #fitsInteger} accepted. */
    public long integer() {
        return negative ? -high : high;
    }

    private void normalize() {
        if (high == 0) {
            high = low;
            low = 0;
            exponent -= 64;
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift == 0 || high == 0) {
            return;
        }
        high = high << shift | low >>> (64 - shift);
        low <<= shift;
        exponent -= shift;
    }
}
