package dev.simvisor.node.cpu.softfloat;

import static dev.simvisor.node.cpu.softfloat.BinaryFormat.DOUBLE;
import static dev.simvisor.node.cpu.softfloat.BinaryFormat.SINGLE;

/** SSE scalar single-precision operations on raw bits; the fast path is that of {@link DoubleArithmetic}. */
public final class SingleArithmetic {
    private static final int MAGNITUDE = Integer.MAX_VALUE;
    private static final int MINIMUM_NORMAL = 0x0080_0000;
    private static final int INFINITY = 0x7f80_0000;

    private SingleArithmetic() {}

    /** ADDSS. */
    public static int add(FloatEnvironment env, int a, int b) {
        float x = Float.intBitsToFloat(a);
        float y = Float.intBitsToFloat(b);
        float sum = x + y;
        int bits = Float.floatToRawIntBits(sum);
        if (safe(a) && safe(b) && safeResult(bits)) {
            if (env.inexactInvisible()) {
                return bits;
            }
            float back = sum - x;
            if (env.rounding() == FloatEnvironment.NEAREST && (x - (sum - back)) + (y - back) == 0) {
                return bits;
            }
        }
        return (int) BinaryArithmetic.add(env, SINGLE, unsigned(a), unsigned(b));
    }

    /** SUBSS. */
    public static int subtract(FloatEnvironment env, int a, int b) {
        float x = Float.intBitsToFloat(a);
        float y = Float.intBitsToFloat(b);
        float difference = x - y;
        int bits = Float.floatToRawIntBits(difference);
        if (safe(a) && safe(b) && safeResult(bits)) {
            if (env.inexactInvisible()) {
                return bits;
            }
            float back = difference - x;
            if (env.rounding() == FloatEnvironment.NEAREST && (x - (difference - back)) - (y + back) == 0) {
                return bits;
            }
        }
        return (int) BinaryArithmetic.subtract(env, SINGLE, unsigned(a), unsigned(b));
    }

    /** MULSS. */
    public static int multiply(FloatEnvironment env, int a, int b) {
        float x = Float.intBitsToFloat(a);
        float y = Float.intBitsToFloat(b);
        float product = x * y;
        int bits = Float.floatToRawIntBits(product);
        if (safe(a) && safe(b) && safeResult(bits) && unobserved(env, (double) x * y == product)) {
            return bits;
        }
        return (int) BinaryArithmetic.multiply(env, SINGLE, unsigned(a), unsigned(b));
    }

    /** DIVSS. */
    public static int divide(FloatEnvironment env, int a, int b) {
        float x = Float.intBitsToFloat(a);
        float y = Float.intBitsToFloat(b);
        float quotient = x / y;
        int bits = Float.floatToRawIntBits(quotient);
        if (safe(a) && safe(b) && safeResult(bits) && unobserved(env, (double) quotient * y == x)) {
            return bits;
        }
        return (int) BinaryArithmetic.divide(env, SINGLE, unsigned(a), unsigned(b));
    }

    /** SQRTSS. */
    public static int squareRoot(FloatEnvironment env, int a) {
        if (a >= MINIMUM_NORMAL && a < INFINITY) {
            float x = Float.intBitsToFloat(a);
            // The double root rounded to single is the single root: 53 >= 2 × 24 + 2 (Figueroa 1995).
            float root = (float) Math.sqrt(x);
            if (unobserved(env, (double) root * root == x)) {
                return Float.floatToRawIntBits(root);
            }
        }
        return (int) BinaryArithmetic.squareRoot(env, SINGLE, unsigned(a));
    }

    /** MINSS. */
    public static int minimum(FloatEnvironment env, int a, int b) {
        return (int) BinaryArithmetic.extreme(env, SINGLE, unsigned(a), unsigned(b), -1);
    }

    /** MAXSS. */
    public static int maximum(FloatEnvironment env, int a, int b) {
        return (int) BinaryArithmetic.extreme(env, SINGLE, unsigned(a), unsigned(b), 1);
    }

    /** CMPSS: all ones when the predicate (0 EQ to 7 ORD, SDM Vol 2 CMPPS) holds, else zero. */
    public static int compare(FloatEnvironment env, int a, int b, int predicate) {
        boolean quiet = Predicate.quiet(predicate);
        Ordering order = BinaryArithmetic.compare(env, SINGLE, unsigned(a), unsigned(b), quiet);
        return Predicate.holds(predicate, order) ? -1 : 0;
    }

    /** UCOMISS ({@code quiet}) or COMISS: the ordering for ZF, PF and CF. */
    public static Ordering order(FloatEnvironment env, int a, int b, boolean quiet) {
        return BinaryArithmetic.compare(env, SINGLE, unsigned(a), unsigned(b), quiet);
    }

    /** CVTSS2SD. */
    public static long toDouble(FloatEnvironment env, int a) {
        if (safe(a) && (a & MAGNITUDE) < INFINITY) {
            return Double.doubleToRawLongBits(Float.intBitsToFloat(a));
        }
        return BinaryArithmetic.convert(env, SINGLE, DOUBLE, unsigned(a));
    }

    /** CVTSI2SS from 32 or 64 bits, sign-extended. */
    public static int fromInteger(FloatEnvironment env, long value) {
        if (env.inexactInvisible()) {
            return Float.floatToRawIntBits((float) value);
        }
        return (int) BinaryArithmetic.fromInteger(env, SINGLE, value);
    }

    /** CVTSS2SI with 32 or 64 {@code bits}, sign-extended. */
    public static long toInteger(FloatEnvironment env, int a, int bits) {
        return BinaryArithmetic.toInteger(env, SINGLE, unsigned(a), env.rounding(), bits);
    }

    /** CVTTSS2SI with 32 or 64 {@code bits}, sign-extended. */
    public static long truncate(FloatEnvironment env, int a, int bits) {
        return BinaryArithmetic.toInteger(env, SINGLE, unsigned(a), FloatEnvironment.TOWARD_ZERO, bits);
    }

    private static long unsigned(int bits) {
        return bits & 0xffff_ffffL;
    }

    /** Whether nobody can tell the nearest result from what the rounding mode and the flags ask for. */
    private static boolean unobserved(FloatEnvironment env, boolean exact) {
        return env.inexactInvisible() || (exact && env.rounding() == FloatEnvironment.NEAREST);
    }

    private static boolean safe(int bits) {
        int magnitude = bits & MAGNITUDE;
        return magnitude >= MINIMUM_NORMAL || magnitude == 0;
    }

    /** Whether a result is finite and too large for any doubt about underflow. */
    static boolean safeResult(int bits) {
        int magnitude = bits & MAGNITUDE;
        return magnitude > MINIMUM_NORMAL && magnitude < INFINITY;
    }
}
