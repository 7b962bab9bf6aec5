package dev.simvisor.node.cpu.x87;

/**
 * Reduces an angle by multiples of π/2 with the x87's 66-bit π (SDM Vol 1 §8.3.8), exactly: after {@link #reduce} the angle is
 * {@code quadrant × π/2 + remainder} for that π.
 */
final class AngleReduction {
    /** The leading 64 bits of π/2 at exponent 0; the two bits that follow are ones. */
    private static final long HALF_PI_HIGH = 0xc90f_daa2_2168_c234L;

    private static final long HALF_PI_LOW = 0xc000_0000_0000_0000L;

    private final WideFloat remainder = new WideFloat();
    private int quadrant;

    /** The remainder, at most π/4 in magnitude. */
    WideFloat remainder() {
        return remainder;
    }

    /** The quadrant modulo 4. */
    int quadrant() {
        return quadrant;
    }

    /** Takes a finite non-zero angle below 2^63 in magnitude. */
    void reduce(int signExponent, long significand) {
        boolean negative = Extended.isNegative(signExponent);
        int exponent = Extended.exponent(signExponent, significand);
        quadrant = 0;
        if (exponent < -1) {
            remainder.setExtended(signExponent, significand);
            return;
        }
        reduceMagnitude(negative, exponent, significand);
        if (negative) {
            quadrant = -quadrant;
        }
        quadrant &= 3;
    }

    private void reduceMagnitude(boolean negative, int exponent, long significand) {
        long high = exponent < 0 ? significand >>> 1 : significand;
        long low = exponent < 0 ? significand << 63 : 0;
        boolean overflow = false;
        for (int step = Math.max(exponent, 0); step >= 0; step--) {
            quadrant <<= 1;
            if (overflow || atLeastHalfPi(high, low)) {
                high -= HALF_PI_HIGH + (Long.compareUnsigned(low, HALF_PI_LOW) < 0 ? 1 : 0);
                low -= HALF_PI_LOW;
                quadrant |= 1;
            }
            if (step > 0) {
                overflow = high < 0;
                high = high << 1 | low >>> 63;
                low <<= 1;
            }
        }
        boolean beyondHalf = high < 0 || atLeastHalfPi(high << 1 | low >>> 63, low << 1);
        if (beyondHalf) {
            long borrow = Long.compareUnsigned(HALF_PI_LOW, low) < 0 ? 1 : 0;
            remainder.set(!negative, 0, HALF_PI_HIGH - high - borrow, HALF_PI_LOW - low);
            quadrant++;
        } else {
            remainder.set(negative, 0, high, low);
        }
    }

    private static boolean atLeastHalfPi(long high, long low) {
        int order = Long.compareUnsigned(high, HALF_PI_HIGH);
        return order > 0 || (order == 0 && Long.compareUnsigned(low, HALF_PI_LOW) >= 0);
    }
}
