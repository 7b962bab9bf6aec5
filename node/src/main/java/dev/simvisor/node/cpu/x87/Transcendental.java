package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/**
 * F2XM1, FYL2X, FYL2XP1 and FPATAN, computed with 128 bits and rounded once, so within 1 unit in the last place as SDM Vol 1
 * §8.3.10 promises. The object holds scratch numbers only; a processor has one. Angles are {@link Trigonometry}'s.
 */
public final class Transcendental {
    private static final WideFloat LN_TWO =
            new WideFloat().set(false, -1, 0xb172_17f7_d1cf_79abL, 0xc9e3_b398_03f2_f6afL);
    private static final WideFloat TWO_LOG2_E =
            new WideFloat().set(false, 1, 0xb8aa_3b29_5c17_f0bbL, 0xbe87_fed0_691d_3e88L);
    private static final WideFloat PI = new WideFloat().set(false, 1, 0xc90f_daa2_2168_c234L, 0xc4c6_628b_80dc_1cd1L);
    private static final WideFloat ONE = new WideFloat().setInteger(1);
    private static final WideFloat TWO = new WideFloat().setInteger(2);
    /** The leading bits of √2: a significand above them is halved before its logarithm is taken. */
    private static final long ROOT_TWO = 0xb504_f333_f9de_6484L;
    /** atan(k/8) for k from 0 to 8. */
    private static final WideFloat[] ARC_TANGENTS = {
        new WideFloat(),
        new WideFloat().set(false, -4, 0xfead_d4d5_617b_6e32L, 0xc897_989f_3e88_8ef7L),
        new WideFloat().set(false, -3, 0xfadb_afc9_6406_eb15L, 0x6dc7_9ef5_f7a2_17e5L),
        new WideFloat().set(false, -2, 0xb7b0_ca0f_26f7_8473L, 0x8aa3_2122_dcfe_4483L),
        new WideFloat().set(false, -2, 0xed63_382b_0dda_7b45L, 0x6fe4_45ec_bc3a_8d03L),
        new WideFloat().set(false, -1, 0x8f00_5d5e_f7f5_9f9bL, 0x5c83_5e16_65c4_3747L),
        new WideFloat().set(false, -1, 0xa4bc_7d19_34f7_0924L, 0x19a8_7f2a_457d_ac9eL),
        new WideFloat().set(false, -1, 0xb805_3e2b_c231_9e73L, 0xcb2d_a552_10a4_443dL),
        new WideFloat().set(false, -1, 0xc90f_daa2_2168_c234L, 0xc4c6_628b_80dc_1cd1L),
    };

    private final WideFloat x = new WideFloat();
    private final WideFloat y = new WideFloat();
    private final WideFloat square = new WideFloat();
    private final WideFloat sum = new WideFloat();

    /** F2XM1: 2^a - 1 for a from -1 to +1; outside, where the manual leaves it open, a itself. */
    public void exponentialLessOne(FloatEnvironment env, int a, long aSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand)) {
            return;
        }
        if (Extended.isZero(a, aSignificand)) {
            env.setResult(a, aSignificand);
            return;
        }
        if (Extended.isInfinite(a, aSignificand)) {
            env.setResult(Extended.isNegative(a) ? Extended.SIGN | Extended.BIAS : a, Extended.INTEGER_BIT);
            return;
        }
        if (ExtendedOperands.stopped(env, a, aSignificand)) {
            return;
        }
        if ((a & Extended.EXPONENT) >= Extended.BIAS) {
            boolean minusOne = a == (Extended.SIGN | Extended.BIAS) && aSignificand == Extended.INTEGER_BIT;
            env.setResult(minusOne ? a - 1 : a, aSignificand);
            env.raise(FloatEnvironment.PRECISION);
            return;
        }
        x.setExtended(a, aSignificand).multiply(LN_TWO);
        WideSeries.evaluate(WideSeries.EXPONENTIAL, x, sum);
        sum.multiply(x).leave(env);
    }

    /** FYL2X: b × log2 a. */
    public void logarithm(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean aZero = Extended.isZero(a, aSignificand);
        boolean bZero = Extended.isZero(b, bSignificand);
        boolean aInfinite = Extended.isInfinite(a, aSignificand);
        boolean bInfinite = Extended.isInfinite(b, bSignificand);
        boolean one = a == Extended.BIAS && aSignificand == Extended.INTEGER_BIT;
        boolean product = (bZero && (aZero || aInfinite)) || (bInfinite && one);
        if ((Extended.isNegative(a) && !aZero) || product) {
            ExtendedRounding.invalid(env);
            return;
        }
        if (aZero && !bInfinite) {
            env.raise(FloatEnvironment.ZERO_DIVIDE);
        } else if (ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean negativeLogarithm = (a & Extended.EXPONENT) < Extended.BIAS;
        boolean negative = Extended.isNegative(b) != negativeLogarithm;
        if (aZero || aInfinite || bInfinite) {
            ExtendedRounding.infinity(env, negative);
        } else if (bZero || one) {
            ExtendedRounding.zero(env, negative);
        } else {
            multiplyByLogarithm(env, a, aSignificand, b, bSignificand);
        }
    }

    private void multiplyByLogarithm(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        x.setExtended(a, aSignificand);
        if (x.high() == Extended.INTEGER_BIT) {
            multiplyByPower(env, x.exponent(), b, bSignificand);
            return;
        }
        binaryLogarithm();
        sum.multiply(y.setExtended(b, bSignificand)).leave(env);
    }

    /** b × log2 2^power: exact but for the rounding, yet silicon calls it inexact, and tiny results underflowed. */
    private static void multiplyByPower(FloatEnvironment env, int power, int b, long bSignificand) {
        long magnitude = Math.abs((long) power);
        env.unrounded()
                .multiply(
                        Extended.isNegative(b) != (power < 0),
                        Extended.exponent(b, bSignificand),
                        Extended.normalized(bSignificand),
                        63 - Long.numberOfLeadingZeros(magnitude),
                        Extended.normalized(magnitude));
        ExtendedRounding.round(env, 64);
        boolean denormal = (env.resultSignExponent() & Extended.EXPONENT) == 0;
        env.raise(FloatEnvironment.PRECISION | (denormal ? FloatEnvironment.UNDERFLOW : 0));
    }

    /** Leaves log2 x in {@code sum}; x is positive and not 1. */
    private void binaryLogarithm() {
        int power = x.exponent();
        if (Long.compareUnsigned(x.high(), ROOT_TWO) > 0) {
            power++;
        }
        x.scale(-power);
        y.set(ONE).negate().add(x);
        x.add(ONE);
        ratioLogarithm();
        sum.add(y.setInteger(power));
    }

    /** Leaves log2((x + y) / (x - y)) = 2 log2(e) atanh(y/x) in {@code sum}. */
    private void ratioLogarithm() {
        y.divide(x);
        square.set(y).multiply(y);
        WideSeries.evaluate(WideSeries.INVERSE_HYPERBOLIC_TANGENT, square, sum);
        sum.multiply(y).multiply(TWO_LOG2_E);
    }

    /** FYL2XP1: b × log2(a + 1); for a at most -1, where the manual leaves it open, a itself. */
    public void logarithmPlusOne(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean aZero = Extended.isZero(a, aSignificand);
        boolean bZero = Extended.isZero(b, bSignificand);
        boolean aInfinite = Extended.isInfinite(a, aSignificand);
        boolean bInfinite = Extended.isInfinite(b, bSignificand);
        if ((aInfinite && Extended.isNegative(a)) || (aZero && bInfinite) || (aInfinite && bZero)) {
            ExtendedRounding.invalid(env);
            return;
        }
        if (ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean negative = Extended.isNegative(a ^ b);
        if (aInfinite || bInfinite) {
            ExtendedRounding.infinity(env, negative);
        } else if (aZero || bZero) {
            ExtendedRounding.zero(env, negative);
        } else if (Extended.isNegative(a) && (a & Extended.EXPONENT) >= Extended.BIAS) {
            env.setResult(a, aSignificand);
            env.raise(FloatEnvironment.PRECISION);
        } else {
            logarithmOfSuccessor(a, aSignificand);
            sum.multiply(y.setExtended(b, bSignificand)).leave(env);
        }
    }

    /** Leaves log2(a + 1) in {@code sum}; near zero without forming a + 1, so that nothing cancels. */
    private void logarithmOfSuccessor(int a, long aSignificand) {
        x.setExtended(a, aSignificand);
        if (x.exponent() < -2) {
            y.set(x);
            x.add(TWO);
            ratioLogarithm();
        } else {
            x.add(ONE);
            binaryLogarithm();
        }
    }

    /** FPATAN: the angle of the point (a, b), from -π to +π. */
    public void arcTangent(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)
                || ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean aInfinite = Extended.isInfinite(a, aSignificand);
        boolean bInfinite = Extended.isInfinite(b, bSignificand);
        boolean aZero = Extended.isZero(a, aSignificand) || (bInfinite && !aInfinite);
        boolean bZero = Extended.isZero(b, bSignificand) || (aInfinite && !bInfinite);
        boolean left = Extended.isNegative(a);
        if (bZero && !left) {
            ExtendedRounding.zero(env, Extended.isNegative(b));
            return;
        }
        if (bZero) {
            sum.set(PI);
        } else if (aZero) {
            sum.set(PI).scale(-1);
        } else {
            firstQuadrant(a, aSignificand, b, bSignificand);
            if (left) {
                sum.negate().add(PI);
            }
        }
        sum.setNegative(Extended.isNegative(b)).leave(env);
    }

    /** Leaves atan |b/a| in {@code sum}; two infinities count as equal. */
    private void firstQuadrant(int a, long aSignificand, int b, long bSignificand) {
        x.setExtended(a, aSignificand).absolute();
        y.setExtended(b, bSignificand).absolute();
        if (y.compareMagnitude(x) <= 0) {
            y.divide(x);
            arcTangentOfRatio();
        } else {
            x.divide(y);
            y.set(x);
            arcTangentOfRatio();
            sum.negate().add(x.set(PI).scale(-1));
        }
    }

    /** Leaves atan y in {@code sum} for y from 0 to 1: atan c + atan((y - c)/(1 + cy)) with c the nearest eighth. */
    private void arcTangentOfRatio() {
        int eighths = y.exponent() < -4 ? 0 : (int) ((y.high() >>> -y.exponent()) + (1L << 59) >>> 60);
        if (eighths != 0) {
            x.setInteger(eighths).scale(-3);
            square.set(x).multiply(y).add(ONE);
            y.add(x.negate()).divide(square);
        }
        square.set(y).multiply(y);
        WideSeries.evaluate(WideSeries.ARC_TANGENT, square, sum);
        sum.multiply(y).add(ARC_TANGENTS[eighths]);
    }
}
