package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/** What every x87 operation asks of its operands first: supported? NaN? denormal? (priorities: SDM Vol 1 §4.9.2). */
final class ExtendedOperands {
    private ExtendedOperands() {}

    /** Starts an operation on one number; true when that is a NaN or unsupported and the result is thereby known. */
    static boolean decided(FloatEnvironment env, int a, long aSignificand) {
        env.setRoundedUp(false);
        if (Extended.isUnsupported(a, aSignificand)) {
            ExtendedRounding.invalid(env);
            return true;
        }
        if (!Extended.isNan(a, aSignificand)) {
            return false;
        }
        if (Extended.isSignaling(a, aSignificand)) {
            env.raise(FloatEnvironment.INVALID);
        }
        env.setResult(a, aSignificand | Extended.QUIET_BIT);
        return true;
    }

    /** Starts an operation on two numbers; true when one is a NaN or unsupported and the result is thereby known. */
    static boolean decided(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        env.setRoundedUp(false);
        if (Extended.isUnsupported(a, aSignificand) || Extended.isUnsupported(b, bSignificand)) {
            ExtendedRounding.invalid(env);
            return true;
        }
        boolean aNan = Extended.isNan(a, aSignificand);
        boolean bNan = Extended.isNan(b, bSignificand);
        if (!aNan && !bNan) {
            return false;
        }
        boolean aSignaling = Extended.isSignaling(a, aSignificand);
        boolean bSignaling = Extended.isSignaling(b, bSignificand);
        if (aSignaling || bSignaling) {
            env.raise(FloatEnvironment.INVALID);
        }
        if (firstNanWins(a, aSignificand, b, bSignificand, aNan, bNan, aSignaling, bSignaling)) {
            env.setResult(a, aSignificand | Extended.QUIET_BIT);
        } else {
            env.setResult(b, bSignificand | Extended.QUIET_BIT);
        }
        return true;
    }

    /** SDM Vol 1 table 4-7: a quiet NaN before a signaling one, then the larger significand, then the positive one. */
    private static boolean firstNanWins(
            int a,
            long aSignificand,
            int b,
            long bSignificand,
            boolean aNan,
            boolean bNan,
            boolean aSignaling,
            boolean bSignaling) {
        if (!aNan || !bNan) {
            return aNan;
        }
        if (aSignaling != bSignaling) {
            return bSignaling;
        }
        int order = Long.compareUnsigned(aSignificand, bSignificand);
        return order != 0 ? order > 0 : !Extended.isNegative(a) || Extended.isNegative(b);
    }

    /** Raises DE for a denormal; true when that is unmasked and the operation stops. */
    static boolean stopped(FloatEnvironment env, int a, long aSignificand) {
        if (Extended.isDenormal(a, aSignificand) || env.denormalSource()) {
            env.raise(FloatEnvironment.DENORMAL);
        }
        return env.stopped();
    }

    /** Raises DE if either number is denormal; true when that is unmasked and the operation stops. */
    static boolean stopped(FloatEnvironment env, int a, long aSignificand, int b, long bSignificand) {
        return stopped(env, a, aSignificand) | stopped(env, b, bSignificand);
    }
}
