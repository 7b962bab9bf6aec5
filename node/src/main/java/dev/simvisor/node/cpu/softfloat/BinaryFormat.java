package dev.simvisor.node.cpu.softfloat;

/**
 * The layout of an IEEE 754 interchange format of at most 64 bits, and the questions one asks of its raw bits. A record because
 * HotSpot then folds what follows from the two constants.
 *
 * @param precision bits of significand, the implicit one included
 * @param exponentBits bits of biased exponent
 */
public record BinaryFormat(int precision, int exponentBits) {
    /** binary32. */
    public static final BinaryFormat SINGLE = new BinaryFormat(24, 8);
    /** binary64. */
    public static final BinaryFormat DOUBLE = new BinaryFormat(53, 11);

    private int fractionBits() {
        return precision - 1;
    }

    private int exponentMask() {
        return (1 << exponentBits) - 1;
    }

    private int bias() {
        return exponentMask() >>> 1;
    }

    private long fractionMask() {
        return (1L << fractionBits()) - 1;
    }

    private long infinity() {
        return (long) exponentMask() << fractionBits();
    }

    private long quietBit() {
        return 1L << (fractionBits() - 1);
    }

    /** The exponent of the smallest normal number. */
    public int minimumExponent() {
        return 1 - bias();
    }

    /** The exponent of the largest finite number. */
    public int maximumExponent() {
        return bias();
    }

    /** The sign bit. */
    public long signBit() {
        return 1L << (fractionBits() + exponentBits);
    }

    public boolean isNegative(long bits) {
        return (bits & signBit()) != 0;
    }

    public boolean isNan(long bits) {
        return (bits & ~signBit()) > infinity();
    }

    public boolean isSignaling(long bits) {
        return isNan(bits) && (bits & quietBit()) == 0;
    }

    public boolean isInfinite(long bits) {
        return (bits & ~signBit()) == infinity();
    }

    public boolean isZero(long bits) {
        return (bits & ~signBit()) == 0;
    }

    public boolean isDenormal(long bits) {
        return (bits & infinity()) == 0 && (bits & fractionMask()) != 0;
    }

    /** The quiet NaN with the payload of a NaN. */
    public long quiet(long nan) {
        return nan | quietBit();
    }

    /** The real indefinite QNaN, the masked answer to an invalid operation (SDM Vol 1 §4.8.3.7). */
    public long indefinite() {
        return signBit() | infinity() | quietBit();
    }

    public long zero(boolean negative) {
        return negative ? signBit() : 0;
    }

    public long infinity(boolean negative) {
        return negative ? signBit() | infinity() : infinity();
    }

    public long largest(boolean negative) {
        return infinity(negative) - 1;
    }

    /** The operand as DAZ makes it: a denormal becomes a zero of its sign. */
    public long withoutDenormal(long bits) {
        return (bits & infinity()) == 0 ? bits & signBit() : bits;
    }

    /** The unbiased exponent of the leading bit of a finite non-zero number. */
    public int exponent(long bits) {
        int biased = (int) (bits >>> fractionBits()) & exponentMask();
        if (biased != 0) {
            return biased - bias();
        }
        return 1 - bias() - (Long.numberOfLeadingZeros(bits & fractionMask()) - (63 - fractionBits()));
    }

    /** The significand of a finite non-zero number with its leading bit at bit 63. */
    public long significand(long bits) {
        long fraction = bits & fractionMask();
        if ((bits & infinity()) != 0) {
            return (fraction | fractionMask() + 1) << (63 - fractionBits());
        }
        return fraction << Long.numberOfLeadingZeros(fraction);
    }

    /** The bits of a number whose significand is rounded and normalized. */
    long pack(boolean negative, int exponent, long significand) {
        return zero(negative)
                | (long) (exponent + bias()) << fractionBits()
                | significand >>> (63 - fractionBits()) & fractionMask();
    }

    /** The bits of a denormal (or of the smallest normal) whose significand is aligned to the smallest normal's. */
    long packDenormal(boolean negative, long significand) {
        return zero(negative) | significand >>> (63 - fractionBits());
    }

    /** The 64-bit significand field that a NaN has in the extended format, its integer bit set. */
    public long nanSignificand(long nan) {
        return Long.MIN_VALUE | nan << (63 - fractionBits());
    }

    /** The quiet NaN whose payload is the leading part of an extended significand. */
    public long nan(boolean negative, long significand) {
        return infinity(negative) | quietBit() | significand >>> (63 - fractionBits()) & fractionMask();
    }
}
