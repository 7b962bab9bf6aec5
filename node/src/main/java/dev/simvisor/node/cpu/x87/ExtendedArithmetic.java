package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.Ordering;
import dev.simvisor.node.cpu.softfloat.Unrounded;

/**
 * FADD, FSUB, FMUL, FDIV, FSQRT, FRNDINT and the comparisons on extended numbers. Precision control applies to the first five
 * only (SDM Vol 1 §8.1.5.2). Results and exceptions are left in the environment; when {@link FloatEnvironment#stopped()} then
 * holds there is no result.
 */
public final class ExtendedArithmetic {
    private ExtendedArithmetic() {}

    /** a + b. */
    public static void add(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (NormalArithmetic.add(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        if (!ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            addNumbers(env, a, aSignificand, b, bSignificand);
        }
    }

    /** a - b. */
    public static void subtract(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (NormalArithmetic.add(env, a, aSignificand, b ^ Extended.SIGN, bSignificand)) {
            return;
        }
        if (!ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            addNumbers(env, a, aSignificand, b ^ Extended.SIGN, bSignificand);
        }
    }

    private static void addNumbers(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        boolean aInfinite = Extended.isInfinite(a, aSignificand);
        boolean bInfinite = Extended.isInfinite(b, bSignificand);
        if (aInfinite && bInfinite && a != b) {
            ExtendedRounding.invalid(env);
            return;
        }
        if (ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        if (aInfinite || bInfinite) {
            ExtendedRounding.infinity(env, Extended.isNegative(aInfinite ? a : b));
        } else if (Extended.isZero(a, aSignificand) || Extended.isZero(b, bSignificand)) {
            addZero(env, a, aSignificand, b, bSignificand);
        } else {
            env.unrounded()
                    .add(
                            Extended.isNegative(a),
                            Extended.exponent(a, aSignificand),
                            Extended.normalized(aSignificand),
                            Extended.isNegative(b),
                            Extended.exponent(b, bSignificand),
                            Extended.normalized(bSignificand));
            ExtendedRounding.roundOrZero(env, env.precision());
        }
    }

    private static void addZero(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        boolean bothZero = (aSignificand | bSignificand) == 0;
        if (bothZero) {
            boolean negative = a == b ? Extended.isNegative(a) : env.rounding() == FloatEnvironment.DOWN;
            ExtendedRounding.zero(env, negative);
        } else if (aSignificand == 0) {
            roundNumber(env, b, bSignificand, env.precision());
        } else {
            roundNumber(env, a, aSignificand, env.precision());
        }
    }

    /** Rounds a finite non-zero number to {@code precision} bits. */
    static void roundNumber(FloatEnvironment env, int a, long aSignificand, int precision) {
        env.unrounded()
                .set(Extended.isNegative(a), Extended.exponent(a, aSignificand), Extended.normalized(aSignificand), 0);
        ExtendedRounding.round(env, precision);
    }

    /** a × b. */
    public static void multiply(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (NormalArithmetic.multiply(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        if (ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean zero = Extended.isZero(a, aSignificand) || Extended.isZero(b, bSignificand);
        boolean infinite = Extended.isInfinite(a, aSignificand) || Extended.isInfinite(b, bSignificand);
        if (zero && infinite) {
            ExtendedRounding.invalid(env);
            return;
        }
        if (ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean negative = Extended.isNegative(a ^ b);
        if (zero) {
            ExtendedRounding.zero(env, negative);
        } else if (infinite) {
            ExtendedRounding.infinity(env, negative);
        } else {
            env.unrounded()
                    .multiply(
                            negative,
                            Extended.exponent(a, aSignificand),
                            Extended.normalized(aSignificand),
                            Extended.exponent(b, bSignificand),
                            Extended.normalized(bSignificand));
            ExtendedRounding.round(env, env.precision());
        }
    }

    /** a ÷ b. */
    public static void divide(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean aZero = Extended.isZero(a, aSignificand);
        boolean bZero = Extended.isZero(b, bSignificand);
        boolean aInfinite = Extended.isInfinite(a, aSignificand);
        boolean bInfinite = Extended.isInfinite(b, bSignificand);
        if ((aZero && bZero) || (aInfinite && bInfinite)) {
            ExtendedRounding.invalid(env);
            return;
        }
        if (bZero && !aInfinite) {
            // Reported alone, even when the dividend is denormal: so on silicon.
            env.raise(FloatEnvironment.ZERO_DIVIDE);
        } else if (ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand)) {
            return;
        }
        boolean negative = Extended.isNegative(a ^ b);
        if (aInfinite || bZero) {
            ExtendedRounding.infinity(env, negative);
        } else if (aZero || bInfinite) {
            ExtendedRounding.zero(env, negative);
        } else {
            env.unrounded()
                    .divide(
                            negative,
                            Extended.exponent(a, aSignificand),
                            Extended.normalized(aSignificand),
                            Extended.exponent(b, bSignificand),
                            Extended.normalized(bSignificand));
            ExtendedRounding.round(env, env.precision());
        }
    }

    /** The square root of a. */
    public static void squareRoot(FloatEnvironment env, int a, long aSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand)) {
            return;
        }
        if (Extended.isZero(a, aSignificand)) {
            env.setResult(a, aSignificand);
        } else if (Extended.isNegative(a)) {
            ExtendedRounding.invalid(env);
        } else if (Extended.isInfinite(a, aSignificand)) {
            env.setResult(a, aSignificand);
        } else if (!ExtendedOperands.stopped(env, a, aSignificand)) {
            env.unrounded().squareRoot(Extended.exponent(a, aSignificand), Extended.normalized(aSignificand));
            ExtendedRounding.round(env, env.precision());
        }
    }

    /** FRNDINT: a rounded to an integer in the current rounding mode. */
    public static void roundToInteger(FloatEnvironment env, int a, long aSignificand) {
        if (ExtendedOperands.decided(env, a, aSignificand)) {
            return;
        }
        boolean whole = (a & Extended.EXPONENT) >= Extended.BIAS + 63;
        if (Extended.isZero(a, aSignificand) || whole) {
            env.setResult(a, aSignificand);
            return;
        }
        if (ExtendedOperands.stopped(env, a, aSignificand)) {
            return;
        }
        Unrounded number = env.unrounded();
        boolean negative = Extended.isNegative(a);
        number.set(negative, Extended.exponent(a, aSignificand), Extended.normalized(aSignificand), 0);
        number.fitsInteger(env.rounding(), 64);
        env.setRoundedUp(number.roundedUp());
        if (number.inexact()) {
            env.raise(FloatEnvironment.PRECISION);
        }
        setInteger(env, negative, number.high());
    }

    /** Leaves an integer of this magnitude as the result. */
    static void setInteger(FloatEnvironment env, boolean negative, long magnitude) {
        if (magnitude == 0) {
            ExtendedRounding.zero(env, negative);
            return;
        }
        int exponent = Extended.BIAS + 63 - Long.numberOfLeadingZeros(magnitude);
        env.setResult(Extended.sign(negative) | exponent, Extended.normalized(magnitude));
    }

    /** Compares a with b; {@code quiet} (FUCOM) accepts a quiet NaN without an exception. */
    public static Ordering compare(
            FloatEnvironment env, int a, long aSignificand, int b, long bSignificand, boolean quiet) {
        env.setRoundedUp(false);
        boolean unsupported = Extended.isUnsupported(a, aSignificand) || Extended.isUnsupported(b, bSignificand);
        if (unsupported || Extended.isNan(a, aSignificand) || Extended.isNan(b, bSignificand)) {
            boolean signaling = Extended.isSignaling(a, aSignificand) || Extended.isSignaling(b, bSignificand);
            if (unsupported || signaling || !quiet) {
                env.raise(FloatEnvironment.INVALID);
            }
            return Ordering.UNORDERED;
        }
        ExtendedOperands.stopped(env, a, aSignificand, b, bSignificand);
        if ((aSignificand | bSignificand) == 0) {
            return Ordering.EQUAL;
        }
        if (Extended.isNegative(a) != Extended.isNegative(b)) {
            return Extended.isNegative(a) ? Ordering.LESS : Ordering.GREATER;
        }
        int magnitude = compareMagnitude(a, aSignificand, b, bSignificand);
        int order = Extended.isNegative(a) ? -magnitude : magnitude;
        return order < 0 ? Ordering.LESS : order > 0 ? Ordering.GREATER : Ordering.EQUAL;
    }

    private static int compareMagnitude(int a, long aSignificand, int b, long bSignificand) {
        // A denormal has the scale of biased exponent 1, and so has a pseudo-denormal, which equals a normal number.
        int aExponent = Math.max(a & Extended.EXPONENT, 1);
        int bExponent = Math.max(b & Extended.EXPONENT, 1);
        return aExponent != bExponent
                ? Integer.compare(aExponent, bExponent)
                : Long.compareUnsigned(aSignificand, bSignificand);
    }
}
