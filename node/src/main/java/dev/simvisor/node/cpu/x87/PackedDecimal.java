package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.Unrounded;

/** FBLD and FBSTP: 18 decimal digits, two a byte, and a sign byte (SDM Vol 1 §4.7). */
public final class PackedDecimal {
    /** The low eight bytes of the packed decimal indefinite (SDM Vol 1 table 4-4). */
    public static final long INDEFINITE_LOW = 0xc000_0000_0000_0000L;
    /** The high two bytes of the packed decimal indefinite. */
    public static final int INDEFINITE_HIGH = 0xffff;

    private static final long LIMIT = 1_000_000_000_000_000_000L;
    private static final long LOW_DIGITS = 10_000_000_000_000_000L;

    private PackedDecimal() {}

    /** FBLD: sixteen digits in {@code low}, two and the sign in the 16 bits of {@code high}; digits are not checked. */
    public static void load(FloatEnvironment env, long low, int high) {
        env.setRoundedUp(false);
        long magnitude = (high >>> 4 & 15) * 10L + (high & 15);
        for (int shift = 60; shift >= 0; shift -= 4) {
            magnitude = magnitude * 10 + (low >>> shift & 15);
        }
        ExtendedArithmetic.setInteger(env, (high & Extended.SIGN) != 0, magnitude);
    }

    /**
     * FBSTP: leaves the two high bytes as the result's sign and exponent word and the eight low bytes as its significand;
     * an unmasked IE forbids the store.
     */
    public static void store(FloatEnvironment env, int a, long aSignificand) {
        env.setRoundedUp(false);
        boolean negative = Extended.isNegative(a);
        if (Extended.isZero(a, aSignificand)) {
            env.setResult(Extended.sign(negative), 0);
            return;
        }
        Unrounded number = env.unrounded();
        if (!ExtendedConversion.isFinite(a, aSignificand) || !fits(env, number, a, aSignificand)) {
            env.raise(FloatEnvironment.INVALID);
            env.setResult(INDEFINITE_HIGH, INDEFINITE_LOW);
            return;
        }
        env.setRoundedUp(number.roundedUp());
        env.raise(number.inexact() ? FloatEnvironment.PRECISION : 0);
        int topDigits = (int) (number.high() / LOW_DIGITS);
        env.setResult(Extended.sign(negative) | (int) digits(topDigits), digits(number.high() % LOW_DIGITS));
    }

    private static boolean fits(FloatEnvironment env, Unrounded number, int a, long aSignificand) {
        number.set(Extended.isNegative(a), Extended.exponent(a, aSignificand), Extended.normalized(aSignificand), 0);
        return number.fitsInteger(env.rounding(), 64) && Long.compareUnsigned(number.high(), LIMIT) < 0;
    }

    private static long digits(long value) {
        long packed = 0;
        int shift = 0;
        for (long rest = value; rest != 0; rest /= 10) {
            packed |= rest % 10 << shift;
            shift += 4;
        }
        return packed;
    }
}
