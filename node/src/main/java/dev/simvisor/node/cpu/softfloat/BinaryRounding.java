package dev.simvisor.node.cpu.softfloat;

/** Rounds an exact result into a single or a double, as SSE arithmetic and the x87 stores FST m32 and FST m64 do. */
public final class BinaryRounding {
    private BinaryRounding() {}

    /** Rounds the environment's exact non-zero result; tininess is detected after rounding (SDM Vol 1 §4.9.1.5). */
    public static long round(FloatEnvironment env, BinaryFormat format) {
        Unrounded exact = env.unrounded();
        if (exact.isTiny(format.precision(), env.rounding(), format.minimumExponent())) {
            return underflow(env, format, exact);
        }
        exact.round(format.precision(), env.rounding());
        env.setRoundedUp(exact.roundedUp);
        if (exact.exponent > format.maximumExponent()) {
            return overflow(env, format, exact);
        }
        if (exact.inexact) {
            env.raise(FloatEnvironment.PRECISION);
        }
        return format.pack(exact.negative, exact.exponent, exact.high);
    }

    private static long overflow(FloatEnvironment env, BinaryFormat format, Unrounded exact) {
        env.raise(FloatEnvironment.OVERFLOW);
        if (!env.masked(FloatEnvironment.OVERFLOW)) {
            env.raise(exact.inexact ? FloatEnvironment.PRECISION : 0);
            return 0;
        }
        env.raise(FloatEnvironment.PRECISION);
        boolean infinite = exact.overflowsToInfinity(env.rounding());
        env.setRoundedUp(infinite);
        return infinite ? format.infinity(exact.negative) : format.largest(exact.negative);
    }

    private static long underflow(FloatEnvironment env, BinaryFormat format, Unrounded exact) {
        if (!env.masked(FloatEnvironment.UNDERFLOW)) {
            exact.round(format.precision(), env.rounding());
            env.setRoundedUp(exact.roundedUp);
            env.raise(FloatEnvironment.UNDERFLOW | (exact.inexact ? FloatEnvironment.PRECISION : 0));
            return 0;
        }
        if (env.flushToZero()) {
            env.raise(FloatEnvironment.UNDERFLOW | FloatEnvironment.PRECISION);
            return format.zero(exact.negative);
        }
        exact.shiftRight(format.minimumExponent() - exact.exponent);
        exact.round(format.precision(), env.rounding());
        env.setRoundedUp(exact.roundedUp);
        if (exact.inexact) {
            env.raise(FloatEnvironment.UNDERFLOW | FloatEnvironment.PRECISION);
        }
        return format.packDenormal(exact.negative, exact.high);
    }
}
