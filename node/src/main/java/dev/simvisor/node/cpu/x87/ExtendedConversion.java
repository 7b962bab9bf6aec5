package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.BinaryFormat;
import dev.simvisor.node.cpu.softfloat.BinaryRounding;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.Unrounded;

/** Loads and stores of the x87: singles, doubles and integers in memory to and from extended numbers. */
public final class ExtendedConversion {
    private static final int OUT_OF_RANGE = FloatEnvironment.OVERFLOW | FloatEnvironment.UNDERFLOW;

    private ExtendedConversion() {}

    /** FLD m32 (bits of a single) or FLD m64: the number as an extended, exactly. */
    public static void load(FloatEnvironment env, BinaryFormat format, long bits) {
        env.setRoundedUp(false);
        boolean negative = format.isNegative(bits);
        if (format.isNan(bits)) {
            env.raise(format.isSignaling(bits) ? FloatEnvironment.INVALID : 0);
            env.setResult(Extended.sign(negative) | Extended.EXPONENT, format.nanSignificand(format.quiet(bits)));
        } else if (format.isInfinite(bits)) {
            ExtendedRounding.infinity(env, negative);
        } else if (format.isZero(bits)) {
            ExtendedRounding.zero(env, negative);
        } else {
            env.raise(format.isDenormal(bits) ? FloatEnvironment.DENORMAL : 0);
            env.setResult(Extended.sign(negative) | format.exponent(bits) + Extended.BIAS, format.significand(bits));
        }
    }

    /**
     * The number of an arithmetic instruction's operand in memory as an extended; nothing is raised yet: a signaling NaN stays
     * one, and a denormal is noted in the environment.
     */
    public static void widen(FloatEnvironment env, BinaryFormat format, long bits) {
        if (format.isNan(bits)) {
            env.setResult(Extended.sign(format.isNegative(bits)) | Extended.EXPONENT, format.nanSignificand(bits));
        } else {
            load(env, format, bits);
            env.retract(FloatEnvironment.DENORMAL);
            env.setDenormalSource(format.isDenormal(bits));
        }
    }

    /** FILD: a sign-extended integer as an extended, exactly. */
    public static void loadInteger(FloatEnvironment env, long value) {
        env.setRoundedUp(false);
        ExtendedArithmetic.setInteger(env, value < 0, Math.abs(value));
    }

    /** FST m32 or m64: the bits to store, unless an unmasked IE, OE or UE forbids it (SDM Vol 1 §8.5). */
    public static long store(FloatEnvironment env, BinaryFormat format, int a, long aSignificand) {
        env.setRoundedUp(false);
        boolean negative = Extended.isNegative(a);
        if (Extended.isUnsupported(a, aSignificand)) {
            env.raise(FloatEnvironment.INVALID);
            return format.indefinite();
        }
        if (Extended.isNan(a, aSignificand)) {
            env.raise(Extended.isSignaling(a, aSignificand) ? FloatEnvironment.INVALID : 0);
            return format.nan(negative, aSignificand);
        }
        if (Extended.isInfinite(a, aSignificand)) {
            return format.infinity(negative);
        }
        if (aSignificand == 0) {
            return format.zero(negative);
        }
        env.unrounded().set(negative, Extended.exponent(a, aSignificand), Extended.normalized(aSignificand), 0);
        long bits = BinaryRounding.round(env, format);
        if ((env.unmasked() & OUT_OF_RANGE) != 0) {
            // What is not stored is not inexact either: so on silicon.
            env.retract(FloatEnvironment.PRECISION);
            env.setRoundedUp(false);
        }
        return bits;
    }

    /** FIST and FISTTP: an integer of {@code bits} bits, sign-extended; the integer indefinite where it does not fit. */
    public static long storeInteger(FloatEnvironment env, int a, long aSignificand, int bits, int rounding) {
        env.setRoundedUp(false);
        if (Extended.isZero(a, aSignificand)) {
            return 0;
        }
        Unrounded number = env.unrounded();
        if (!isFinite(a, aSignificand) || !integral(number, a, aSignificand, bits, rounding)) {
            env.raise(FloatEnvironment.INVALID);
            return -1L << (bits - 1);
        }
        env.setRoundedUp(number.roundedUp());
        env.raise(number.inexact() ? FloatEnvironment.PRECISION : 0);
        return number.integer();
    }

    static boolean isFinite(int a, long aSignificand) {
        return (a & Extended.EXPONENT) != Extended.EXPONENT && !Extended.isUnsupported(a, aSignificand);
    }

    private static boolean integral(Unrounded number, int a, long aSignificand, int bits, int rounding) {
        number.set(Extended.isNegative(a), Extended.exponent(a, aSignificand), Extended.normalized(aSignificand), 0);
        return number.fitsInteger(rounding, bits);
    }
}
