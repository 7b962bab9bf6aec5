package dev.simvisor.node.cpu.x87;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sums and products of normal numbers, against exact integers rounded to 64 bits. */
class NormalArithmeticTest {
    private static final int CASES = 200_000;
    /** Everything masked, 64 bits, to nearest. */
    private static final int CONTROL = 0x37F;

    private final FloatEnvironment env = new FloatEnvironment();
    private final Random random = new Random(7);

    /** Close to the others as often as not, and with few bits as often as not. */
    private int exponent() {
        return Extended.BIAS + (random.nextBoolean() ? random.nextInt(5) : random.nextInt(140) - 70);
    }

    private long significand() {
        long bits = random.nextLong();
        switch (random.nextInt(4)) {
            case 0 -> bits &= -1L << 32 + random.nextInt(32);
            case 1 -> bits |= -1L >>> random.nextInt(64);
            default -> {}
        }
        return bits | Extended.INTEGER_BIT;
    }

    private static BigInteger scaled(int signExponent, long significand) {
        int shift = (signExponent & Extended.EXPONENT) - Extended.BIAS + 200;
        BigInteger magnitude = new BigInteger(Long.toUnsignedString(significand)).shiftLeft(shift);
        return (signExponent & Extended.SIGN) == 0 ? magnitude : magnitude.negate();
    }

    /** Checks what the environment has against an exact value of which {@code unit} is the binary place of the last bit. */
    private void check(BigInteger exact, int unit, String what) {
        BigInteger magnitude = exact.abs();
        int excess = magnitude.bitLength() - 64;
        BigInteger kept = excess <= 0 ? magnitude.shiftLeft(-excess) : magnitude.shiftRight(excess);
        BigInteger rest = excess <= 0 ? BigInteger.ZERO : magnitude.subtract(kept.shiftLeft(excess));
        int half = excess <= 0 ? -1 : rest.shiftLeft(1).compareTo(BigInteger.ONE.shiftLeft(excess));
        boolean up = half > 0 || half == 0 && kept.testBit(0);
        if (up) kept = kept.add(BigInteger.ONE);
        int exponent = Extended.BIAS + 63 + excess + unit + (kept.bitLength() > 64 ? 1 : 0);
        if (kept.bitLength() > 64) kept = kept.shiftRight(1);
        assertThat(env.resultSignificand()).as(what).isEqualTo(kept.longValue());
        assertThat(env.resultSignExponent())
                .as(what)
                .isEqualTo((exact.signum() < 0 ? Extended.SIGN : 0) | (kept.signum() == 0 ? 0 : exponent));
        assertThat(env.roundedUp()).as(what).isEqualTo(up);
        assertThat(env.takeRaised()).as(what).isEqualTo(rest.signum() == 0 ? 0 : FloatEnvironment.PRECISION);
    }

    @Test
    void sumsAndProductsAreTheExactOnesRoundedToNearest() {
        env.loadControlWord(CONTROL);
        for (int n = 0; n < CASES; n++) {
            int a = exponent() | (random.nextBoolean() ? Extended.SIGN : 0);
            int b = exponent() | (random.nextBoolean() ? Extended.SIGN : 0);
            long aSignificand = significand();
            long bSignificand = random.nextInt(8) == 0 ? aSignificand + random.nextInt(3) - 1 : significand();
            bSignificand |= Extended.INTEGER_BIT;
            String what = "%x %x, %x %x".formatted(a, aSignificand, b, bSignificand);
            BigInteger exactA = scaled(a, aSignificand);
            BigInteger exactB = scaled(b, bSignificand);
            ExtendedArithmetic.add(env, a, aSignificand, b, bSignificand);
            check(exactA.add(exactB), -263, what + ": sum");
            ExtendedArithmetic.subtract(env, a, aSignificand, b, bSignificand);
            check(exactA.subtract(exactB), -263, what + ": difference");
            ExtendedArithmetic.multiply(env, a, aSignificand, b, bSignificand);
            check(exactA.multiply(exactB), -526, what + ": product");
        }
    }
}
