package dev.simvisor.node.cpu.softfloat;

/** Unsigned integer arithmetic on 128-bit operands that the JDK lacks. */
public final class WideInteger {
    private static final long LOW_HALF = 0xffff_ffffL;

    private WideInteger() {}

    /**
     * The 64-bit quotient of {@code high:low} by {@code divisor}, which has bit 63 set and exceeds {@code high}: two
     * steps of Knuth's algorithm D in base 2^32 (The Art of Computer Programming, Vol 2, §4.3.1).
     */
    public static long divide(long high, long low, long divisor) {
        long first = quotientDigit(high, low >>> 32, divisor);
        long rest = (high << 32 | low >>> 32) - first * divisor;
        return first << 32 | quotientDigit(rest, low & LOW_HALF, divisor);
    }

    private static long quotientDigit(long high, long next, long divisor) {
        long divisorHigh = divisor >>> 32;
        long divisorLow = divisor & LOW_HALF;
        long digit = Long.divideUnsigned(high, divisorHigh);
        long remainder = high - digit * divisorHigh;
        while (digit > LOW_HALF || Long.compareUnsigned(digit * divisorLow, remainder << 32 | next) > 0) {
            digit--;
            remainder += divisorHigh;
            if (remainder > LOW_HALF) {
                break;
            }
        }
        return digit;
    }

    /** The integer square root of {@code high:low}, of which bit 127 or 126 is set: one result bit per step. */
    public static long squareRoot(long high, long low) {
        long root = 0;
        long remainderHigh = 0;
        long remainderLow = 0;
        for (int step = 0; step < 64; step++) {
            remainderHigh = remainderHigh << 2 | remainderLow >>> 62;
            remainderLow = remainderLow << 2 | high >>> 62;
            high = high << 2 | low >>> 62;
            low <<= 2;
            // The remainder stays below 2^66, so a trial of 4·root + 1 needs 66 bits.
            long trialHigh = root >>> 62;
            long trialLow = root << 2 | 1;
            root <<= 1;
            boolean fits = remainderHigh != trialHigh
                    ? Long.compareUnsigned(remainderHigh, trialHigh) > 0
                    : Long.compareUnsigned(remainderLow, trialLow) >= 0;
            if (fits) {
                remainderHigh -= trialHigh + (Long.compareUnsigned(remainderLow, trialLow) < 0 ? 1 : 0);
                remainderLow -= trialLow;
                root |= 1;
            }
        }
        return root;
    }
}
