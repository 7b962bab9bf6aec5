package dev.simvisor.node.cpu.softfloat;

/** The layout of an IEEE 754 interchange format of at most 64 bits, and the questions one asks of its raw bits. */
public enum BinaryFormat {
    /** binary32. */
    SINGLE(24, 8),
    /** binary64. */
    DOUBLE(53, 11);

    private final int precision;
    private final int fractionBits;
    private final int exponentMask;
    private final int bias;
    private final long fractionMask;
    private final long signBit;
    private final long infinity;
    private final long quietBit;

    BinaryFormat(int precision, int exponentBits) {
        this.precision = precision;
        fractionBits = precision - 1;
        exponentMask = (1 << exponentBits) - 1;
        bias = exponentMask >>> 1;
        fractionMask = (1L << fractionBits) - 1;
        signBit = 1L << (fractionBits + exponentBits);
        infinity = (long) exponentMask << fractionBits;
        quietBit = 1L << (fractionBits - 1);
    }

    /** Bits of significand, the implicit one included. */
    public int precision() {
        return precision;
    }

    /** The exponent of the smallest normal number. */
    public int minimumExponent() {
        return 1 - bias;
    }

    /** The exponent of the largest finite number. */
    public int maximumExponent() {
        return bias;
    }

    /** The sign bit. */
    public long signBit() {
        return signBit;
    }

    public boolean isNegative(long bits) {
        return (bits & signBit) != 0;
    }

    public boolean isNan(long bits) {
        return (bits & ~signBit) > infinity;
    }

    public boolean isSignaling(long bits) {
        return isNan(bits) && (bits & quietBit) == 0;
    }

    public boolean isInfinite(long bits) {
        return (bits & ~signBit) == infinity;
    }

    public boolean isZero(long bits) {
        return (bits & ~signBit) == 0;
    }

    public boolean isDenormal(long bits) {
        return (bits & infinity) == 0 && (bits & fractionMask) != 0;
    }

    /** The quiet NaN with the payload of a NaN. */
    public long quiet(long nan) {
        return nan | quietBit;
    }

    /** The real indefinite QNaN, the masked answer to an invalid operation (SDM Vol 1 §4.8.3.7). */
    public long indefinite() {
        return signBit | infinity | quietBit;
    }

    public long zero(boolean negative) {
        return negative ? signBit : 0;
    }

    public long infinity(boolean negative) {
        return negative ? signBit | infinity : infinity;
    }

    public long largest(boolean negative) {
        return infinity(negative) - 1;
    }

    /** The operand as DAZ makes it: a denormal becomes a zero of its sign. */
    public long withoutDenormal(long bits) {
        return (bits & infinity) == 0 ? bits & signBit : bits;
    }

    /** The unbiased exponent of the leading bit of a finite non-zero number. */
    public int exponent(long bits) {
        int biased = (int) (bits >>> fractionBits) & exponentMask;
        if (biased != 0) {
            return biased - bias;
        }
        return 1 - bias - (Long.numberOfLeadingZeros(bits & fractionMask) - (63 - fractionBits));
    }

    /** The significand of a finite non-zero number with its leading bit at bit 63. */
    public long significand(long bits) {
        long fraction = bits & fractionMask;
        if ((bits & infinity) != 0) {
            return (fraction | fractionMask + 1) << (63 - fractionBits);
        }
        return fraction << Long.numberOfLeadingZeros(fraction);
    }

    /** The bits of a number whose significand is rounded and normalized. */
    long pack(boolean negative, int exponent, long significand) {
        return zero(negative)
                | (long) (exponent + bias) << fractionBits
                | significand >>> (63 - fractionBits) & fractionMask;
    }

    /** The bits of a denormal (or of the smallest normal) whose significand is aligned to the smallest normal's. */
    long packDenormal(boolean negative, long significand) {
        return zero(negative) | significand >>> (63 - fractionBits);
    }

    /** The 64-bit significand field that a NaN has in the extended format, its integer bit set. */
    public long nanSignificand(long nan) {
        return Long.MIN_VALUE | nan << (63 - fractionBits);
    }

    /** The quiet NaN whose payload is the leading part of an extended significand. */
    public long nan(boolean negative, long significand) {
        return infinity(negative) | quietBit | significand >>> (63 - fractionBits) & fractionMask;
    }
}
