package dev.simvisor.node.cpu.x87;

/** Taylor series with enough terms for 128 bits over the reduced ranges that {@link Transcendental} uses. */
final class WideSeries {
    /** (e^y - 1) / y in y, for |y| at most ln 2. */
    static final WideFloat[] EXPONENTIAL = factorials(34, 1, 1, false);
    /** sin r / r in r², for |r| at most π/4. */
    static final WideFloat[] SINE = factorials(18, 1, 2, true);
    /** cos r in r², for |r| at most π/4. */
    static final WideFloat[] COSINE = factorials(19, 0, 2, true);
    /** atan t / t in t², for |t| at most 1/16. */
    static final WideFloat[] ARC_TANGENT = odds(18, true);
    /** atanh s / s in s², for |s| at most 3 - 2√2. */
    static final WideFloat[] INVERSE_HYPERBOLIC_TANGENT = odds(27, false);

    private WideSeries() {}

    /** Horner's rule; {@code sum} must not be {@code x}. */
    static void evaluate(WideFloat[] coefficients, WideFloat x, WideFloat sum) {
        int last = coefficients.length - 1;
        sum.set(coefficients[last]);
        for (int k = last - 1; k >= 0; k--) {
            sum.multiply(x).add(coefficients[k]);
        }
    }

    /** ±1/first!, ±1/(first+step)!, ... */
    private static WideFloat[] factorials(int terms, int first, int step, boolean alternating) {
        var coefficients = new WideFloat[terms];
        var value = new WideFloat().setInteger(1);
        var divisor = new WideFloat();
        int argument = first;
        for (int k = 0; k < terms; k++) {
            coefficients[k] = new WideFloat().set(value);
            for (int i = 0; i < step; i++) {
                argument++;
                value.divide(divisor.setInteger(argument));
            }
            if (alternating) {
                value.negate();
            }
        }
        return coefficients;
    }

    /** 1, ±1/3, 1/5, ±1/7, ... */
    private static WideFloat[] odds(int terms, boolean alternating) {
        var coefficients = new WideFloat[terms];
        var divisor = new WideFloat();
        for (int k = 0; k < terms; k++) {
            boolean negative = alternating && (k & 1) != 0;
            coefficients[k] = new WideFloat().setInteger(negative ? -1 : 1).divide(divisor.setInteger(2L * k + 1));
        }
        return coefficients;
    }
}
