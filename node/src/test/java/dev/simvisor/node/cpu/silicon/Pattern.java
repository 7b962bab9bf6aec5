package dev.simvisor.node.cpu.silicon;

/** SplitMix64 (Steele, Lea and Flood 2014): what it yields for a seed is part of the recorded vectors' format. */
final class Pattern {
    private long state;

    Pattern(long seed) {
        state = seed;
    }

    long next() {
        state += 0x9E3779B97F4A7C15L;
        long z = state;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    /** 0 to {@code bound - 1}. */
    int below(int bound) {
        return (int) Long.remainderUnsigned(next(), bound);
    }

    /** True once in {@code times}. */
    boolean oneIn(int times) {
        return below(times) == 0;
    }

    /** A 64-bit value that is often close to where an operation of some size changes its behaviour. */
    long edgy() {
        return switch (below(8)) {
            case 0, 1, 2 -> next();
            case 3 -> below(20);
            case 4 -> -below(20);
            case 5 -> (1L << below(64)) - below(3);
            case 6 -> boundary(8 << below(4));
            default -> next() >> below(64);
        };
    }

    private long boundary(int bits) {
        long noise = below(3) - 1;
        long sign = 1L << bits - 1;
        return sign + noise | (bits < 64 && oneIn(2) ? next() << bits : 0);
    }
}
