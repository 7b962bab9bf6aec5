package dev.simvisor.node.cpu.semantics;

/** Division of 128 bits by 64, which Java lacks: Knuth, The Art of Computer Programming, Vol 2, §4.3.1, Algorithm D in base 2^32. */
final class WideDivision {
    private WideDivision() {}

    /** Unsigned quotient of {@code high:low} by {@code divisor}; {@code high} is below {@code divisor}. */
    static long quotient(long high, long low, long divisor) {
        if (high == 0) return Long.divideUnsigned(low, divisor);
        int shift = Long.numberOfLeadingZeros(divisor);
        long normalized = divisor << shift;
        long upper = shift == 0 ? high : high << shift | low >>> 64 - shift;
        long lower = low << shift;
        long firstDigit = digit(upper, lower >>> 32, normalized);
        long remainder = (upper << 32 | lower >>> 32) - firstDigit * normalized;
        long secondDigit = digit(remainder, lower & 0xFFFF_FFFFL, normalized);
        return firstDigit << 32 | secondDigit;
    }

    /** One 32-bit digit: {@code (upper * 2^32 + nextDigit) / divisor}. */
    private static long digit(long upper, long nextDigit, long divisor) {
        long divisorHigh = divisor >>> 32;
        long divisorLow = divisor & 0xFFFF_FFFFL;
        long estimate = Long.divideUnsigned(upper, divisorHigh);
        long rest = upper - estimate * divisorHigh;
        while (estimate >>> 32 != 0 || Long.compareUnsigned(estimate * divisorLow, rest << 32 | nextDigit) > 0) {
            estimate--;
            rest += divisorHigh;
            if (rest >>> 32 != 0) break;
        }
        return estimate;
    }
}
