package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.BinaryFormat;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.x87.ExtendedArithmetic;
import dev.simvisor.node.cpu.x87.ExtendedConversion;

/** FADD, FMUL, FSUB, FSUBR, FDIV and FDIVR with every kind of second operand. */
public final class X87Arithmetic {
    private static final int ADD = 0;
    private static final int MULTIPLY = 1;
    private static final int SUBTRACT = 2;
    private static final int SUBTRACT_REVERSED = 3;
    private static final int DIVIDE = 4;
    private static final int DIVIDE_REVERSED = 5;

    private X87Arithmetic() {}

    // ---- ST(0) and a number in memory

    public static void faddSingle(Cpu cpu, Instruction i) {
        withFloat(cpu, i, ADD, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void faddDouble(Cpu cpu, Instruction i) {
        withFloat(cpu, i, ADD, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fiaddInt32(Cpu cpu, Instruction i) {
        withInteger(cpu, i, ADD, X87Memory.readInt32(cpu, i));
    }

    public static void fiaddInt16(Cpu cpu, Instruction i) {
        withInteger(cpu, i, ADD, X87Memory.readInt16(cpu, i));
    }

    public static void fmulSingle(Cpu cpu, Instruction i) {
        withFloat(cpu, i, MULTIPLY, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void fmulDouble(Cpu cpu, Instruction i) {
        withFloat(cpu, i, MULTIPLY, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fimulInt32(Cpu cpu, Instruction i) {
        withInteger(cpu, i, MULTIPLY, X87Memory.readInt32(cpu, i));
    }

    public static void fimulInt16(Cpu cpu, Instruction i) {
        withInteger(cpu, i, MULTIPLY, X87Memory.readInt16(cpu, i));
    }

    public static void fsubSingle(Cpu cpu, Instruction i) {
        withFloat(cpu, i, SUBTRACT, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void fsubDouble(Cpu cpu, Instruction i) {
        withFloat(cpu, i, SUBTRACT, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fisubInt32(Cpu cpu, Instruction i) {
        withInteger(cpu, i, SUBTRACT, X87Memory.readInt32(cpu, i));
    }

    public static void fisubInt16(Cpu cpu, Instruction i) {
        withInteger(cpu, i, SUBTRACT, X87Memory.readInt16(cpu, i));
    }

    public static void fsubrSingle(Cpu cpu, Instruction i) {
        withFloat(cpu, i, SUBTRACT_REVERSED, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void fsubrDouble(Cpu cpu, Instruction i) {
        withFloat(cpu, i, SUBTRACT_REVERSED, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fisubrInt32(Cpu cpu, Instruction i) {
        withInteger(cpu, i, SUBTRACT_REVERSED, X87Memory.readInt32(cpu, i));
    }

    public static void fisubrInt16(Cpu cpu, Instruction i) {
        withInteger(cpu, i, SUBTRACT_REVERSED, X87Memory.readInt16(cpu, i));
    }

    public static void fdivSingle(Cpu cpu, Instruction i) {
        withFloat(cpu, i, DIVIDE, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void fdivDouble(Cpu cpu, Instruction i) {
        withFloat(cpu, i, DIVIDE, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fidivInt32(Cpu cpu, Instruction i) {
        withInteger(cpu, i, DIVIDE, X87Memory.readInt32(cpu, i));
    }

    public static void fidivInt16(Cpu cpu, Instruction i) {
        withInteger(cpu, i, DIVIDE, X87Memory.readInt16(cpu, i));
    }

    public static void fdivrSingle(Cpu cpu, Instruction i) {
        withFloat(cpu, i, DIVIDE_REVERSED, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void fdivrDouble(Cpu cpu, Instruction i) {
        withFloat(cpu, i, DIVIDE_REVERSED, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fidivrInt32(Cpu cpu, Instruction i) {
        withInteger(cpu, i, DIVIDE_REVERSED, X87Memory.readInt32(cpu, i));
    }

    public static void fidivrInt16(Cpu cpu, Instruction i) {
        withInteger(cpu, i, DIVIDE_REVERSED, X87Memory.readInt16(cpu, i));
    }

    // ---- two registers

    public static void fadd(Cpu cpu, Instruction i) {
        withRegister(cpu, i, ADD, 0, i.rm & 7);
    }

    public static void faddTo(Cpu cpu, Instruction i) {
        withRegister(cpu, i, ADD, i.rm & 7, 0);
    }

    public static void faddp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, ADD, i.rm & 7, 0)) X87.pop(cpu.fpu);
    }

    public static void fmul(Cpu cpu, Instruction i) {
        withRegister(cpu, i, MULTIPLY, 0, i.rm & 7);
    }

    public static void fmulTo(Cpu cpu, Instruction i) {
        withRegister(cpu, i, MULTIPLY, i.rm & 7, 0);
    }

    public static void fmulp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, MULTIPLY, i.rm & 7, 0)) X87.pop(cpu.fpu);
    }

    public static void fsub(Cpu cpu, Instruction i) {
        withRegister(cpu, i, SUBTRACT, 0, i.rm & 7);
    }

    public static void fsubTo(Cpu cpu, Instruction i) {
        withRegister(cpu, i, SUBTRACT, i.rm & 7, 0);
    }

    public static void fsubp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, SUBTRACT, i.rm & 7, 0)) X87.pop(cpu.fpu);
    }

    public static void fsubr(Cpu cpu, Instruction i) {
        withRegister(cpu, i, SUBTRACT_REVERSED, 0, i.rm & 7);
    }

    public static void fsubrTo(Cpu cpu, Instruction i) {
        withRegister(cpu, i, SUBTRACT_REVERSED, i.rm & 7, 0);
    }

    public static void fsubrp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, SUBTRACT_REVERSED, i.rm & 7, 0)) X87.pop(cpu.fpu);
    }

    public static void fdiv(Cpu cpu, Instruction i) {
        withRegister(cpu, i, DIVIDE, 0, i.rm & 7);
    }

    public static void fdivTo(Cpu cpu, Instruction i) {
        withRegister(cpu, i, DIVIDE, i.rm & 7, 0);
    }

    public static void fdivp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, DIVIDE, i.rm & 7, 0)) X87.pop(cpu.fpu);
    }

    public static void fdivr(Cpu cpu, Instruction i) {
        withRegister(cpu, i, DIVIDE_REVERSED, 0, i.rm & 7);
    }

    public static void fdivrTo(Cpu cpu, Instruction i) {
        withRegister(cpu, i, DIVIDE_REVERSED, i.rm & 7, 0);
    }

    public static void fdivrp(Cpu cpu, Instruction i) {
        if (withRegister(cpu, i, DIVIDE_REVERSED, i.rm & 7, 0)) X87.pop(cpu.fpu);
    }

    // ---- how

    private static void withFloat(Cpu cpu, Instruction i, int operation, BinaryFormat format, long bits) {
        if (!begin(cpu, i)) return;
        FloatEnvironment env = X87.environment(cpu);
        ExtendedConversion.widen(env, format, bits);
        withResult(cpu, env, operation);
    }

    private static void withInteger(Cpu cpu, Instruction i, int operation, long value) {
        if (!begin(cpu, i)) return;
        FloatEnvironment env = X87.environment(cpu);
        ExtendedConversion.loadInteger(env, value);
        withResult(cpu, env, operation);
    }

    /** Whether ST(0) holds a number; if not, the underflow has been dealt with. */
    private static boolean begin(Cpu cpu, Instruction i) {
        X87.track(cpu, i);
        if (!X87.isEmpty(cpu.fpu, 0)) return true;
        if (X87.underflow(cpu)) X87.setIndefinite(cpu.fpu, 0);
        return false;
    }

    /** Combines ST(0) with the number in the environment's result. */
    private static void withResult(Cpu cpu, FloatEnvironment env, int operation) {
        FpuState fpu = cpu.fpu;
        int a = X87.signExponent(fpu, 0);
        long aSignificand = X87.significand(fpu, 0);
        compute(env, operation, a, aSignificand, env.resultSignExponent(), env.resultSignificand());
        if (!env.stopped()) X87.setResult(fpu, 0, env);
        X87.finish(cpu, env);
    }

    /** Combines two registers into the first; returns whether a result was left, so that a popping form pops. */
    private static boolean withRegister(Cpu cpu, Instruction i, int operation, int target, int source) {
        FpuState fpu = cpu.fpu;
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, target) || X87.isEmpty(fpu, source)) {
            boolean masked = X87.underflow(cpu);
            if (masked) X87.setIndefinite(fpu, target);
            return masked;
        }
        FloatEnvironment env = X87.environment(cpu);
        compute(
                env,
                operation,
                X87.signExponent(fpu, target),
                X87.significand(fpu, target),
                X87.signExponent(fpu, source),
                X87.significand(fpu, source));
        boolean stopped = env.stopped();
        if (!stopped) X87.setResult(fpu, target, env);
        X87.finish(cpu, env);
        return !stopped;
    }

    private static void compute(FloatEnvironment env, int operation, int a, long aBits, int b, long bBits) {
        switch (operation) {
            case ADD -> ExtendedArithmetic.add(env, a, aBits, b, bBits);
            case MULTIPLY -> ExtendedArithmetic.multiply(env, a, aBits, b, bBits);
            case SUBTRACT -> ExtendedArithmetic.subtract(env, a, aBits, b, bBits);
            case SUBTRACT_REVERSED -> ExtendedArithmetic.subtract(env, b, bBits, a, aBits);
            case DIVIDE -> ExtendedArithmetic.divide(env, a, aBits, b, bBits);
            default -> ExtendedArithmetic.divide(env, b, bBits, a, aBits);
        }
    }
}
