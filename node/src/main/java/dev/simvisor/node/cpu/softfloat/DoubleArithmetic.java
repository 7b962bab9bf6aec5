package dev.simvisor.node.cpu.softfloat;

import static dev.simvisor.node.cpu.softfloat.BinaryFormat.DOUBLE;
import static dev.simvisor.node.cpu.softfloat.BinaryFormat.SINGLE;

/**
 * SSE2 scalar double-precision operations on raw bits.
 *
 * <p>Fast path: Java's own arithmetic rounds to nearest as SSE does, so its result stands when it is safely normal, no
 * operand is denormal, and either a further inexact result is invisible or the operation was exact, which an error-free
 * transformation tells (Dekker 1971; Ogita, Rump, Oishi 2005). Everything else goes to {@link BinaryArithmetic}.
 */
public final class DoubleArithmetic {
    private static final long MAGNITUDE = Long.MAX_VALUE;
    private static final long MINIMUM_NORMAL = 0x0010_0000_0000_0000L;
    private static final long INFINITY = 0x7ff0_0000_0000_0000L;
    /** A result of at least this magnitude, 2^-900, has a residual that is not denormal. */
    private static final long RESIDUAL_SAFE = 123L << 52;

    private DoubleArithmetic() {}

    /** ADDSD. */
    public static long add(FloatEnvironment env, long a, long b) {
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        double sum = x + y;
        long bits = Double.doubleToRawLongBits(sum);
        if (safe(a) && safe(b) && safeResult(bits, MINIMUM_NORMAL)) {
            if (env.inexactInvisible()) {
                return bits;
            }
            double back = sum - x;
            if (env.rounding() == FloatEnvironment.NEAREST && (x - (sum - back)) + (y - back) == 0) {
                return bits;
            }
        }
        return BinaryArithmetic.add(env, DOUBLE, a, b);
    }

    /** SUBSD. */
    public static long subtract(FloatEnvironment env, long a, long b) {
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        double difference = x - y;
        long bits = Double.doubleToRawLongBits(difference);
        if (safe(a) && safe(b) && safeResult(bits, MINIMUM_NORMAL)) {
            if (env.inexactInvisible()) {
                return bits;
            }
            double back = difference - x;
            if (env.rounding() == FloatEnvironment.NEAREST && (x - (difference - back)) - (y + back) == 0) {
                return bits;
            }
        }
        return BinaryArithmetic.subtract(env, DOUBLE, a, b);
    }

    /** MULSD. */
    public static long multiply(FloatEnvironment env, long a, long b) {
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        double product = x * y;
        long bits = Double.doubleToRawLongBits(product);
        if (safe(a) && safe(b) && safeResult(bits, RESIDUAL_SAFE)) {
            if (env.inexactInvisible()) {
                return bits;
            }
            if (env.rounding() == FloatEnvironment.NEAREST && Math.fma(x, y, -product) == 0) {
                return bits;
            }
        }
        return BinaryArithmetic.multiply(env, DOUBLE, a, b);
    }

    /** DIVSD. */
    public static long divide(FloatEnvironment env, long a, long b) {
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        double quotient = x / y;
        long bits = Double.doubleToRawLongBits(quotient);
        if (safe(a) && safe(b) && safeResult(bits, RESIDUAL_SAFE)) {
            if (env.inexactInvisible()) {
                return bits;
            }
            boolean residualSafe = (a & MAGNITUDE) >= RESIDUAL_SAFE;
            if (env.rounding() == FloatEnvironment.NEAREST && residualSafe && Math.fma(-quotient, y, x) == 0) {
                return bits;
            }
        }
        return BinaryArithmetic.divide(env, DOUBLE, a, b);
    }

    /** SQRTSD. */
    public static long squareRoot(FloatEnvironment env, long a) {
        double x = Double.longBitsToDouble(a);
        if (a >= RESIDUAL_SAFE && a < INFINITY) {
            double root = Math.sqrt(x);
            boolean exact = env.rounding() == FloatEnvironment.NEAREST && Math.fma(-root, root, x) == 0;
            if (env.inexactInvisible() || exact) {
                return Double.doubleToRawLongBits(root);
            }
        }
        return BinaryArithmetic.squareRoot(env, DOUBLE, a);
    }

    /** MINSD. */
    public static long minimum(FloatEnvironment env, long a, long b) {
        return BinaryArithmetic.extreme(env, DOUBLE, a, b, -1);
    }

    /** MAXSD. */
    public static long maximum(FloatEnvironment env, long a, long b) {
        return BinaryArithmetic.extreme(env, DOUBLE, a, b, 1);
    }

    /** CMPSD: all ones when the predicate (0 EQ to 7 ORD, SDM Vol 2 CMPPD) holds, else zero. */
    public static long compare(FloatEnvironment env, long a, long b, int predicate) {
        Ordering order = BinaryArithmetic.compare(env, DOUBLE, a, b, Predicate.quiet(predicate));
        return Predicate.holds(predicate, order) ? -1 : 0;
    }

    /** UCOMISD ({@code quiet}) or COMISD: the ordering for ZF, PF and CF. */
    public static Ordering order(FloatEnvironment env, long a, long b, boolean quiet) {
        if (safe(a) && safe(b) && (a & MAGNITUDE) < INFINITY && (b & MAGNITUDE) < INFINITY) {
            double x = Double.longBitsToDouble(a);
            double y = Double.longBitsToDouble(b);
            return x < y ? Ordering.LESS : x > y ? Ordering.GREATER : Ordering.EQUAL;
        }
        return BinaryArithmetic.compare(env, DOUBLE, a, b, quiet);
    }

    /** CVTSD2SS. */
    public static int toSingle(FloatEnvironment env, long a) {
        double value = Double.longBitsToDouble(a);
        float narrow = (float) value;
        boolean invisible = env.inexactInvisible() || (env.rounding() == FloatEnvironment.NEAREST && narrow == value);
        if (invisible && SingleArithmetic.safeResult(Float.floatToRawIntBits(narrow))) {
            return Float.floatToRawIntBits(narrow);
        }
        return (int) BinaryArithmetic.convert(env, DOUBLE, SINGLE, a);
    }

    /** CVTSI2SD from 32 or 64 bits, sign-extended. */
    public static long fromInteger(FloatEnvironment env, long value) {
        if ((int) value == value || env.inexactInvisible()) {
            return Double.doubleToRawLongBits((double) value);
        }
        return BinaryArithmetic.fromInteger(env, DOUBLE, value);
    }

    /** CVTSD2SI with 32 or 64 {@code bits}, sign-extended. */
    public static long toInteger(FloatEnvironment env, long a, int bits) {
        return BinaryArithmetic.toInteger(env, DOUBLE, a, env.rounding(), bits);
    }

    /** CVTTSD2SI with 32 or 64 {@code bits}, sign-extended. */
    public static long truncate(FloatEnvironment env, long a, int bits) {
        double value = Double.longBitsToDouble(a);
        int whole = (int) value;
        boolean fits = whole != Integer.MIN_VALUE && whole != Integer.MAX_VALUE;
        if (fits && (whole == value || (env.inexactInvisible() && whole != 0))) {
            return whole;
        }
        return BinaryArithmetic.toInteger(env, DOUBLE, a, FloatEnvironment.TOWARD_ZERO, bits);
    }

    /** Whether an operand is a zero or at least normal. */
    private static boolean safe(long bits) {
        long magnitude = bits & MAGNITUDE;
        return magnitude >= MINIMUM_NORMAL || magnitude == 0;
    }

    /** Whether a result is finite and too large for any doubt about underflow. */
    private static boolean safeResult(long bits, long minimum) {
        long magnitude = bits & MAGNITUDE;
        return magnitude > minimum && magnitude < INFINITY;
    }
}
