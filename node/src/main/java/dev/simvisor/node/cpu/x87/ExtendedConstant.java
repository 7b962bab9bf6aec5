package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/** The constants that FLD1, FLDL2T, ... FLDZ load, in the order of their opcodes D9 E8 to D9 EE (SDM Vol 1 §8.3.8). */
public enum ExtendedConstant {
    /** +1.0. */
    ONE(Extended.BIAS, Extended.INTEGER_BIT, 0),
    /** log2 10. */
    LOG2_TEN(Extended.BIAS + 1, 0xd49a_784b_cd1b_8afeL, 0x492b_f6ff_4daf_db4cL),
    /** log2 e. */
    LOG2_E(Extended.BIAS, 0xb8aa_3b29_5c17_f0bbL, 0xbe87_fed0_691d_3e88L),
    /** π. */
    PI(Extended.BIAS + 1, 0xc90f_daa2_2168_c234L, 0xc4c6_628b_80dc_1cd1L),
    /** log10 2. */
    LOG10_TWO(Extended.BIAS - 2, 0x9a20_9a84_fbcf_f798L, 0x8f89_59ac_0b7c_9178L),
    /** ln 2. */
    LN_TWO(Extended.BIAS - 1, 0xb172_17f7_d1cf_79abL, 0xc9e3_b398_03f2_f6afL),
    /** +0.0. */
    ZERO(0, 0, 0);

    private final int signExponent;
    private final long high;
    private final long low;

    ExtendedConstant(int signExponent, long high, long low) {
        this.signExponent = signExponent;
        this.high = high;
        this.low = low;
    }

    /** Leaves the constant as the result, rounded as rounding control says; no exception is raised. */
    public void load(FloatEnvironment env) {
        boolean up = switch (env.rounding()) {
            case FloatEnvironment.NEAREST -> low < 0;
            case FloatEnvironment.UP -> low != 0;
            default -> false;
        };
        env.setRoundedUp(false);
        env.setResult(signExponent, up ? high + 1 : high);
    }
}
