package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.BinaryFormat;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.Ordering;
import dev.simvisor.node.cpu.x87.Examination;
import dev.simvisor.node.cpu.x87.ExtendedArithmetic;
import dev.simvisor.node.cpu.x87.ExtendedConversion;

/** FCOM and its kin, FTST and FXAM: orderings as condition bits or as EFLAGS. */
public final class X87Comparison {
    private X87Comparison() {}

    // ---- ST(0) with a number in memory

    public static void fcomSingle(Cpu cpu, Instruction i) {
        withFloat(cpu, i, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void fcompSingle(Cpu cpu, Instruction i) {
        if (withFloat(cpu, i, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i))) X87.pop(cpu.fpu);
    }

    public static void fcomDouble(Cpu cpu, Instruction i) {
        withFloat(cpu, i, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fcompDouble(Cpu cpu, Instruction i) {
        if (withFloat(cpu, i, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i))) X87.pop(cpu.fpu);
    }

    public static void ficomInt16(Cpu cpu, Instruction i) {
        withInteger(cpu, i, X87Memory.readInt16(cpu, i));
    }

    public static void ficompInt16(Cpu cpu, Instruction i) {
        if (withInteger(cpu, i, X87Memory.readInt16(cpu, i))) X87.pop(cpu.fpu);
    }

    public static void ficomInt32(Cpu cpu, Instruction i) {
        withInteger(cpu, i, X87Memory.readInt32(cpu, i));
    }

    public static void ficompInt32(Cpu cpu, Instruction i) {
        if (withInteger(cpu, i, X87Memory.readInt32(cpu, i))) X87.pop(cpu.fpu);
    }

    // ---- ST(0) with a register

    public static void fcom(Cpu cpu, Instruction i) {
        withRegister(cpu, i, i.rm & 7, false);
    }

    public static void fcomp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, i.rm & 7, false)) X87.pop(cpu.fpu);
    }

    public static void fcompp(Cpu cpu, Instruction i) {
        if (!withRegister(cpu, i, 1, false)) return;
        X87.pop(cpu.fpu);
        X87.pop(cpu.fpu);
    }

    public static void fcomi(Cpu cpu, Instruction i) {
        toFlags(cpu, i, false);
    }

    public static void fcomip(Cpu cpu, Instruction i) {
        if (toFlags(cpu, i, false)) X87.pop(cpu.fpu);
    }

    public static void fucom(Cpu cpu, Instruction i) {
        withRegister(cpu, i, i.rm & 7, true);
    }

    public static void fucomp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, i.rm & 7, true)) X87.pop(cpu.fpu);
    }

    public static void fucompp(Cpu cpu, Instruction i) {
        if (!withRegister(cpu, i, 1, true)) return;
        X87.pop(cpu.fpu);
        X87.pop(cpu.fpu);
    }

    public static void fucomi(Cpu cpu, Instruction i) {
        toFlags(cpu, i, true);
    }

    public static void fucomip(Cpu cpu, Instruction i) {
        if (toFlags(cpu, i, true)) X87.pop(cpu.fpu);
    }

    public static void ftst(Cpu cpu, Instruction i) {
        X87.track(cpu, i);
        if (missing(cpu, 0)) return;
        withNumber(cpu, X87.environment(cpu), 0, 0, false);
    }

    public static void fxam(Cpu cpu, Instruction i) {
        X87.track(cpu, i);
        FpuState fpu = cpu.fpu;
        int head = X87.signExponent(fpu, 0);
        int conditions = X87.isEmpty(fpu, 0)
                ? Examination.EMPTY | Examination.sign(head)
                : Examination.conditions(head, X87.significand(fpu, 0));
        X87.setCondition(fpu, X87.C0 | X87.C1 | X87.C2 | X87.C3, conditions);
    }

    // ---- how: each returns whether the comparison was made, so that a popping form pops

    private static boolean withFloat(Cpu cpu, Instruction i, BinaryFormat format, long bits) {
        X87.track(cpu, i);
        if (missing(cpu, 0)) return masked(cpu);
        FloatEnvironment env = X87.environment(cpu);
        ExtendedConversion.widen(env, format, bits);
        return withNumber(cpu, env, env.resultSignExponent(), env.resultSignificand(), false);
    }

    private static boolean withInteger(Cpu cpu, Instruction i, long value) {
        X87.track(cpu, i);
        if (missing(cpu, 0)) return masked(cpu);
        FloatEnvironment env = X87.environment(cpu);
        ExtendedConversion.loadInteger(env, value);
        return withNumber(cpu, env, env.resultSignExponent(), env.resultSignificand(), false);
    }

    private static boolean withRegister(Cpu cpu, Instruction i, int n, boolean quiet) {
        X87.track(cpu, i);
        if (missing(cpu, n)) return masked(cpu);
        FpuState fpu = cpu.fpu;
        return withNumber(cpu, X87.environment(cpu), X87.signExponent(fpu, n), X87.significand(fpu, n), quiet);
    }

    private static boolean withNumber(Cpu cpu, FloatEnvironment env, int b, long bSignificand, boolean quiet) {
        FpuState fpu = cpu.fpu;
        Ordering order = ExtendedArithmetic.compare(
                env, X87.signExponent(fpu, 0), X87.significand(fpu, 0), b, bSignificand, quiet);
        setConditions(fpu, order);
        boolean stopped = env.stopped();
        X87.finish(cpu, env);
        return !stopped;
    }

    /** Whether ST(0) or ST(n) is empty; the answer then is unordered. */
    private static boolean missing(Cpu cpu, int n) {
        FpuState fpu = cpu.fpu;
        if (!X87.isEmpty(fpu, 0) && !X87.isEmpty(fpu, n)) return false;
        X87.underflow(cpu);
        setConditions(fpu, Ordering.UNORDERED);
        return true;
    }

    private static boolean masked(Cpu cpu) {
        return (cpu.fpu.control & FloatEnvironment.INVALID) != 0;
    }

    private static void setConditions(FpuState fpu, Ordering order) {
        int conditions = switch (order) {
            case LESS -> X87.C0;
            case EQUAL -> X87.C3;
            case GREATER -> 0;
            case UNORDERED -> X87.C3 | X87.C2 | X87.C0;
        };
        X87.setCondition(fpu, X87.C0 | X87.C2 | X87.C3, conditions);
    }

    private static boolean toFlags(Cpu cpu, Instruction i, boolean quiet) {
        FpuState fpu = cpu.fpu;
        X87.track(cpu, i);
        int n = i.rm & 7;
        if (X87.isEmpty(fpu, 0) || X87.isEmpty(fpu, n)) {
            cpu.arithmeticFlags(SseComparison.flags(Ordering.UNORDERED));
            return X87.underflow(cpu);
        }
        FloatEnvironment env = X87.environment(cpu);
        Ordering order = ExtendedArithmetic.compare(
                env,
                X87.signExponent(fpu, 0),
                X87.significand(fpu, 0),
                X87.signExponent(fpu, n),
                X87.significand(fpu, n),
                quiet);
        cpu.arithmeticFlags(SseComparison.flags(order));
        boolean stopped = env.stopped();
        X87.finishKeepingConditions(cpu, env);
        return !stopped;
    }
}
