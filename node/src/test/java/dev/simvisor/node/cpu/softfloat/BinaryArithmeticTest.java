package dev.simvisor.node.cpu.softfloat;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.Test;

/** Properties that need no silicon: the exact path against the JDK's arithmetic, and against the fast path. */
class BinaryArithmeticTest {
    private static final int CASES = 200_000;
    private static final int MASKED_NEAREST = 0x1f80;
    private static final int INEXACT_SEEN = 0x20;

    private final SplittableRandom random = new SplittableRandom(0x5eed);
    private final FloatEnvironment env = new FloatEnvironment();

    private interface Operation {
        long apply(FloatEnvironment env, long a, long b);
    }

    @Test
    void exactPathRoundsToNearestAsTheJdkDoes() {
        agreesWithJdk((e, a, b) -> BinaryArithmetic.add(e, BinaryFormat.DOUBLE, a, b), (x, y) -> x + y);
        agreesWithJdk((e, a, b) -> BinaryArithmetic.subtract(e, BinaryFormat.DOUBLE, a, b), (x, y) -> x - y);
        agreesWithJdk((e, a, b) -> BinaryArithmetic.multiply(e, BinaryFormat.DOUBLE, a, b), (x, y) -> x * y);
        agreesWithJdk((e, a, b) -> BinaryArithmetic.divide(e, BinaryFormat.DOUBLE, a, b), (x, y) -> x / y);
        agreesWithJdk((e, a, b) -> BinaryArithmetic.squareRoot(e, BinaryFormat.DOUBLE, b), (x, y) -> Math.sqrt(y));
    }

    @Test
    void fastPathChangesNeitherResultNorFlags() {
        fastPathAgrees(DoubleArithmetic::add, (e, a, b) -> BinaryArithmetic.add(e, BinaryFormat.DOUBLE, a, b));
        fastPathAgrees(
                DoubleArithmetic::multiply, (e, a, b) -> BinaryArithmetic.multiply(e, BinaryFormat.DOUBLE, a, b));
        fastPathAgrees(DoubleArithmetic::divide, (e, a, b) -> BinaryArithmetic.divide(e, BinaryFormat.DOUBLE, a, b));
        fastPathAgrees(
                (e, a, b) -> SingleArithmetic.add(e, (int) a, (int) b) & 0xffff_ffffL,
                (e, a, b) -> BinaryArithmetic.add(e, BinaryFormat.SINGLE, a & 0xffff_ffffL, b & 0xffff_ffffL));
        fastPathAgrees(
                (e, a, b) -> SingleArithmetic.multiply(e, (int) a, (int) b) & 0xffff_ffffL,
                (e, a, b) -> BinaryArithmetic.multiply(e, BinaryFormat.SINGLE, a & 0xffff_ffffL, b & 0xffff_ffffL));
    }

    @Test
    void directedRoundingEnclosesTheExactProduct() {
        for (int i = 0; i < CASES / 10; i++) {
            double x = random.nextDouble() + 0.5;
            double y = random.nextDouble() + 0.5;
            long a = Double.doubleToRawLongBits(x);
            long b = Double.doubleToRawLongBits(y);
            env.loadMxcsr(MASKED_NEAREST | FloatEnvironment.DOWN << 13);
            double down = Double.longBitsToDouble(DoubleArithmetic.multiply(env, a, b));
            env.loadMxcsr(MASKED_NEAREST | FloatEnvironment.UP << 13);
            double up = Double.longBitsToDouble(DoubleArithmetic.multiply(env, a, b));
            BigDecimal exact = new BigDecimal(x).multiply(new BigDecimal(y), MathContext.UNLIMITED);
            assertThat(new BigDecimal(down)).isLessThanOrEqualTo(exact);
            assertThat(new BigDecimal(up)).isGreaterThanOrEqualTo(exact);
            assertThat(up - down).isLessThanOrEqualTo(Math.ulp(down));
        }
    }

    private void agreesWithJdk(Operation operation, DoubleBinaryOperator jdk) {
        env.loadMxcsr(MASKED_NEAREST);
        for (int i = 0; i < CASES; i++) {
            long a = operand();
            long b = operand();
            double expected = jdk.applyAsDouble(Double.longBitsToDouble(a), Double.longBitsToDouble(b));
            double actual = Double.longBitsToDouble(operation.apply(env, a, b));
            if (Double.doubleToLongBits(actual) != Double.doubleToLongBits(expected)) {
                assertThat(actual).as("%x and %x", a, b).isEqualTo(expected);
            }
        }
    }

    private void fastPathAgrees(Operation fast, Operation exact) {
        for (int i = 0; i < CASES; i++) {
            long a = operand();
            long b = operand();
            int mxcsr = MASKED_NEAREST | (random.nextBoolean() ? INEXACT_SEEN : 0);
            env.loadMxcsr(mxcsr);
            long fastResult = fast.apply(env, a, b);
            int fastFlags = mxcsr | env.takeRaised();
            long exactResult = exact.apply(env, a, b);
            int exactFlags = mxcsr | env.takeRaised();
            if (fastResult != exactResult || fastFlags != exactFlags) {
                assertThat(fastResult).as("%x and %x", a, b).isEqualTo(exactResult);
                assertThat(fastFlags).as("%x and %x", a, b).isEqualTo(exactFlags);
            }
        }
    }

    /** Any bits, or a number of few significant bits near one, so that exact results come up. */
    private long operand() {
        long bits = random.nextLong();
        return switch (random.nextInt(4)) {
            case 0 -> Double.doubleToRawLongBits((double) random.nextInt(-1000, 1000));
            case 1 -> bits & 0x8000_0000_0000_0000L | 0x3fe0_0000_0000_0000L | bits >>> 12 & ~0L << random.nextInt(52);
            case 2 -> bits & 0x800f_ffff_ffff_ffffL | (long) random.nextInt(60) << 52;
            default -> bits;
        };
    }
}
