package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/**
 * FSIN, FCOS and FPTAN, computed with 128 bits after reduction by the x87's π. The object holds scratch numbers only; a processor
 * has one. Each operation returns false, leaving no result, when the angle is 2^63 or more: C2 (SDM Vol 2, FSIN).
 */
public final class Trigonometry {
    private final AngleReduction angle = new AngleReduction();
    private final WideFloat square = new WideFloat();
    private final WideFloat sum = new WideFloat();
    private final WideFloat cosine = new WideFloat();

    /** FSIN, and the first result of FSINCOS. */
    public boolean sine(FloatEnvironment env, int a, long aSignificand) {
        return begin(env, a, aSignificand, false) && finish(env, 0);
    }

    /** FCOS, and the second result of FSINCOS. */
    public boolean cosine(FloatEnvironment env, int a, long aSignificand) {
        return begin(env, a, aSignificand, true) && finish(env, 1);
    }

    /** FPTAN's tangent; its second result is 1.0. */
    public boolean tangent(FloatEnvironment env, int a, long aSignificand) {
        if (!begin(env, a, aSignificand, false)) {
            return false;
        }
        if (!reduced) {
            return true;
        }
        sineAt(angle.quadrant() + 1);
        cosine.set(sum);
        sineAt(angle.quadrant());
        sum.divide(cosine).leave(env);
        return true;
    }

    private boolean reduced;

    /** Settles every operand that needs no series; false when the angle is out of range. */
    private boolean begin(FloatEnvironment env, int a, long aSignificand, boolean ofCosine) {
        reduced = false;
        if (ExtendedOperands.decided(env, a, aSignificand)) {
            return true;
        }
        if (Extended.isInfinite(a, aSignificand)) {
            ExtendedRounding.invalid(env);
        } else if (Extended.isZero(a, aSignificand)) {
            env.setResult(ofCosine ? Extended.BIAS : a, ofCosine ? Extended.INTEGER_BIT : 0);
        } else if ((a & Extended.EXPONENT) >= Extended.BIAS + 63) {
            return false;
        } else if (!ExtendedOperands.stopped(env, a, aSignificand)) {
            angle.reduce(a, aSignificand);
            square.set(angle.remainder()).multiply(angle.remainder());
            reduced = true;
        }
        return true;
    }

    private boolean finish(FloatEnvironment env, int quarterTurns) {
        if (reduced) {
            sineAt(angle.quadrant() + quarterTurns);
            sum.leave(env);
        }
        return true;
    }

    /** Leaves sin(quadrant × π/2 + remainder) in {@code sum}. */
    private void sineAt(int quadrant) {
        if ((quadrant & 1) == 0) {
            WideSeries.evaluate(WideSeries.SINE, square, sum);
            sum.multiply(angle.remainder());
        } else {
            WideSeries.evaluate(WideSeries.COSINE, square, sum);
        }
        if ((quadrant & 2) != 0) {
            sum.negate();
        }
    }
}
