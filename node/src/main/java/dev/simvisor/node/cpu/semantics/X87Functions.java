package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.x87.Extended;
import dev.simvisor.node.cpu.x87.ExtendedArithmetic;
import dev.simvisor.node.cpu.x87.ExtendedRemainder;
import dev.simvisor.node.cpu.x87.ExtendedScaling;

/** x87 functions of ST(0), or of ST(0) and ST(1). */
public final class X87Functions {
    private X87Functions() {}

    // ---- the sign

    public static void fchs(Cpu cpu, Instruction i) {
        if (!begin(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        X87.set(fpu, 0, X87.signExponent(fpu, 0) ^ Extended.SIGN, X87.significand(fpu, 0));
        X87.finish(cpu);
    }

    public static void fabs(Cpu cpu, Instruction i) {
        if (!begin(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        X87.set(fpu, 0, X87.signExponent(fpu, 0) & Extended.EXPONENT, X87.significand(fpu, 0));
        X87.finish(cpu);
    }

    // ---- one operand, one result

    public static void fsqrt(Cpu cpu, Instruction i) {
        if (!begin(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        ExtendedArithmetic.squareRoot(env, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        replace(cpu, env);
    }

    public static void frndint(Cpu cpu, Instruction i) {
        if (!begin(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        ExtendedArithmetic.roundToInteger(env, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        replace(cpu, env);
    }

    public static void f2xm1(Cpu cpu, Instruction i) {
        if (!begin(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        fpu.transcendental.exponentialLessOne(env, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        replace(cpu, env);
    }

    // ---- two operands

    public static void fyl2x(Cpu cpu, Instruction i) {
        if (!beginTwo(cpu, i, true)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        fpu.transcendental.logarithm(
                env,
                X87.signExponent(fpu, 0),
                X87.significand(fpu, 0),
                X87.signExponent(fpu, 1),
                X87.significand(fpu, 1));
        replaceAndPop(cpu, env);
    }

    public static void fyl2xp1(Cpu cpu, Instruction i) {
        if (!beginTwo(cpu, i, true)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        fpu.transcendental.logarithmPlusOne(
                env,
                X87.signExponent(fpu, 0),
                X87.significand(fpu, 0),
                X87.signExponent(fpu, 1),
                X87.significand(fpu, 1));
        replaceAndPop(cpu, env);
    }

    public static void fpatan(Cpu cpu, Instruction i) {
        if (!beginTwo(cpu, i, true)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        fpu.transcendental.arcTangent(
                env,
                X87.signExponent(fpu, 0),
                X87.significand(fpu, 0),
                X87.signExponent(fpu, 1),
                X87.significand(fpu, 1));
        replaceAndPop(cpu, env);
    }

    public static void fscale(Cpu cpu, Instruction i) {
        if (!beginTwo(cpu, i, false)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        ExtendedScaling.scale(
                env,
                X87.signExponent(fpu, 0),
                X87.significand(fpu, 0),
                X87.signExponent(fpu, 1),
                X87.significand(fpu, 1));
        replace(cpu, env);
    }

    public static void fprem(Cpu cpu, Instruction i) {
        X87.setCondition(cpu.fpu, X87.C2, 0);
        if (!beginTwo(cpu, i, false)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        int quotient = ExtendedRemainder.truncating(
                env,
                X87.signExponent(fpu, 0),
                X87.significand(fpu, 0),
                X87.signExponent(fpu, 1),
                X87.significand(fpu, 1));
        finishRemainder(cpu, env, quotient);
    }

    public static void fprem1(Cpu cpu, Instruction i) {
        X87.setCondition(cpu.fpu, X87.C2, 0);
        if (!beginTwo(cpu, i, false)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        int quotient = ExtendedRemainder.nearest(
                env,
                X87.signExponent(fpu, 0),
                X87.significand(fpu, 0),
                X87.signExponent(fpu, 1),
                X87.significand(fpu, 1));
        finishRemainder(cpu, env, quotient);
    }

    /** The quotient's low bits go to C0, C3 and C1; C2 says that the remainder is partial (SDM Vol 1 table 8-1). */
    private static void finishRemainder(Cpu cpu, FloatEnvironment env, int quotient) {
        FpuState fpu = cpu.fpu;
        boolean number = !env.stopped() && !Extended.isNan(env.resultSignExponent(), env.resultSignificand());
        replace(cpu, env);
        int conditions = quotient == ExtendedRemainder.INCOMPLETE ? X87.C2 : 0;
        if ((quotient & 4) != 0) conditions |= X87.C0;
        if ((quotient & 2) != 0) conditions |= X87.C3;
        if ((quotient & 1) != 0) conditions |= X87.C1;
        X87.setCondition(fpu, number ? X87.C0 | X87.C1 | X87.C2 | X87.C3 : X87.C1 | X87.C2, conditions);
    }

    // ---- one operand, two results

    public static void fxtract(Cpu cpu, Instruction i) {
        if (!beginPush(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        int a = X87.signExponent(fpu, 0);
        long significand = X87.significand(fpu, 0);
        FloatEnvironment env = X87.environment(cpu);
        ExtendedScaling.extractExponent(env, a, significand);
        if (!env.stopped()) {
            X87.setResult(fpu, 0, env);
            ExtendedScaling.extractSignificand(env, a, significand);
            X87.push(fpu, env.resultSignExponent(), env.resultSignificand());
        }
        X87.finish(cpu, env);
    }

    public static void fptan(Cpu cpu, Instruction i) {
        X87.setCondition(cpu.fpu, X87.C2, 0);
        if (!beginPush(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        boolean inRange = fpu.trigonometry.tangent(env, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        if (inRange && !env.stopped()) {
            boolean number = !Extended.isNan(env.resultSignExponent(), env.resultSignificand());
            X87.setResult(fpu, 0, env);
            if (number) X87.push(fpu, Extended.BIAS, Extended.INTEGER_BIT);
            else X87.push(fpu, env.resultSignExponent(), env.resultSignificand());
        }
        finishAngle(cpu, env, inRange);
    }

    public static void fsincos(Cpu cpu, Instruction i) {
        X87.setCondition(cpu.fpu, X87.C2, 0);
        if (!beginPush(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        int a = X87.signExponent(fpu, 0);
        long significand = X87.significand(fpu, 0);
        FloatEnvironment env = X87.environment(cpu);
        boolean inRange = fpu.trigonometry.sine(env, a, significand);
        if (inRange && !env.stopped()) {
            X87.setResult(fpu, 0, env);
            boolean sineRoundedUp = env.roundedUp();
            fpu.trigonometry.cosine(env, a, significand);
            X87.push(fpu, env.resultSignExponent(), env.resultSignificand());
            env.setRoundedUp(sineRoundedUp);
        }
        finishAngle(cpu, env, inRange);
    }

    public static void fsin(Cpu cpu, Instruction i) {
        X87.setCondition(cpu.fpu, X87.C2, 0);
        if (!begin(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        boolean inRange = fpu.trigonometry.sine(env, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        if (inRange && !env.stopped()) X87.setResult(fpu, 0, env);
        finishAngle(cpu, env, inRange);
    }

    public static void fcos(Cpu cpu, Instruction i) {
        X87.setCondition(cpu.fpu, X87.C2, 0);
        if (!begin(cpu, i)) return;
        FpuState fpu = cpu.fpu;
        FloatEnvironment env = X87.environment(cpu);
        boolean inRange = fpu.trigonometry.cosine(env, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        if (inRange && !env.stopped()) X87.setResult(fpu, 0, env);
        finishAngle(cpu, env, inRange);
    }

    private static void finishAngle(Cpu cpu, FloatEnvironment env, boolean inRange) {
        X87.finish(cpu, env);
        if (!inRange) X87.setCondition(cpu.fpu, X87.C2, X87.C2);
    }

    // ---- how

    private static boolean begin(Cpu cpu, Instruction i) {
        X87.track(cpu, i);
        if (!X87.isEmpty(cpu.fpu, 0)) return true;
        if (X87.underflow(cpu)) X87.setIndefinite(cpu.fpu, 0);
        return false;
    }

    private static boolean beginTwo(Cpu cpu, Instruction i, boolean pops) {
        FpuState fpu = cpu.fpu;
        X87.track(cpu, i);
        if (!X87.isEmpty(fpu, 0) && !X87.isEmpty(fpu, 1)) return true;
        if (!X87.underflow(cpu)) return false;
        if (pops) X87.pop(fpu);
        X87.setIndefinite(fpu, 0);
        return false;
    }

    /** Before an instruction that replaces ST(0) and pushes; both become indefinite when one of the two is impossible. */
    private static boolean beginPush(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        X87.track(cpu, i);
        boolean missing = X87.isEmpty(fpu, 0);
        if (!missing && X87.isEmpty(fpu, 7)) return true;
        boolean masked = missing ? X87.underflow(cpu) : X87.overflow(cpu);
        if (masked) {
            X87.setIndefinite(fpu, 0);
            X87.pushIndefinite(fpu);
        }
        return false;
    }

    private static void replace(Cpu cpu, FloatEnvironment env) {
        if (!env.stopped()) X87.setResult(cpu.fpu, 0, env);
        X87.finish(cpu, env);
    }

    private static void replaceAndPop(Cpu cpu, FloatEnvironment env) {
        if (!env.stopped()) {
            X87.pop(cpu.fpu);
            X87.setResult(cpu.fpu, 0, env);
        }
        X87.finish(cpu, env);
    }
}
