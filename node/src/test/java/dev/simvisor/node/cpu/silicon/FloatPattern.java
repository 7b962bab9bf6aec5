package dev.simvisor.node.cpu.silicon;

import java.nio.ByteBuffer;

/** Floating-point operands: mostly of ordinary size, often an edge of their format. */
final class FloatPattern {
    private final Pattern pattern;

    FloatPattern(Pattern pattern) {
        this.pattern = pattern;
    }

    long twoSingles() {
        return (long) singleBits() << 32 | singleBits() & 0xFFFF_FFFFL;
    }

    long doubleBits() {
        long sign = pattern.next() & Long.MIN_VALUE;
        return sign
                | switch (pattern.below(8)) {
                    case 0 -> pattern.edgy() >>> 1;
                    case 1 -> special(52, 0x7FF);
                    case 2 -> Double.doubleToRawLongBits(pattern.below(1000) / 4.0);
                    default -> (long) (1023 + pattern.below(80) - 20) << 52 | pattern.next() >>> 12;
                };
    }

    int singleBits() {
        int sign = (int) pattern.next() & Integer.MIN_VALUE;
        return sign
                | switch (pattern.below(8)) {
                    case 0 -> (int) pattern.edgy() >>> 1;
                    case 1 -> (int) special(23, 0xFF);
                    case 2 -> Float.floatToRawIntBits(pattern.below(1000) / 4.0f);
                    default -> (127 + pattern.below(60) - 20) << 23 | (int) pattern.next() >>> 9;
                };
    }

    /** Zero, denormal, infinity, quiet or signalling NaN of a format. */
    private long special(int fractionBits, int maximalExponent) {
        long fraction = pattern.next() & (1L << fractionBits) - 1;
        long quiet = 1L << fractionBits - 1;
        long exponent = (long) maximalExponent << fractionBits;
        return switch (pattern.below(5)) {
            case 0 -> 0;
            case 1 -> fraction;
            case 2 -> exponent;
            case 3 -> exponent | fraction | quiet;
            default -> exponent | fraction & ~quiet | 1;
        };
    }

    /** Ten bytes: significand, then sign and exponent. */
    void extended(ByteBuffer image, int offset) {
        long significand = pattern.next() | Long.MIN_VALUE;
        int sign = pattern.below(2) << 15;
        int exponent = 16383 + pattern.below(64) - 16;
        switch (pattern.below(16)) {
            case 0 -> significand = exponent = 0;
            case 1 -> {
                exponent = 0x7FFF;
                significand = Long.MIN_VALUE;
            }
            case 2 -> exponent = 0x7FFF;
            case 3 -> {
                exponent = 0;
                significand = pattern.next() >>> pattern.below(64);
            }
            case 4 -> exponent = pattern.below(0x7FFF);
            case 5 -> significand &= -1L << pattern.below(64);
            case 6 -> significand = pattern.next();
            case 7, 8, 9 -> exponent = 16383 + pattern.below(4) - 2;
            default -> {}
        }
        image.putLong(offset, significand);
        image.putShort(offset + 8, (short) (sign | exponent));
    }
}
