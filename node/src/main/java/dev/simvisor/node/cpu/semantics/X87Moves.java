package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.BinaryFormat;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.x87.Extended;
import dev.simvisor.node.cpu.x87.ExtendedConstant;
import dev.simvisor.node.cpu.x87.ExtendedConversion;
import dev.simvisor.node.cpu.x87.PackedDecimal;

/** x87 loads, stores, exchanges and conditional moves. */
public final class X87Moves {
    private static final int NOT_STORED = FloatEnvironment.ALL & ~FloatEnvironment.PRECISION;

    private X87Moves() {}

    // ---- loads

    public static void fldSingle(Cpu cpu, Instruction i) {
        loadFloat(cpu, i, BinaryFormat.SINGLE, X87Memory.readSingle(cpu, i));
    }

    public static void fldDouble(Cpu cpu, Instruction i) {
        loadFloat(cpu, i, BinaryFormat.DOUBLE, X87Memory.readDouble(cpu, i));
    }

    public static void fldExtended(Cpu cpu, Instruction i) {
        long linear = cpu.readAddress(i, 10);
        long significand = cpu.memory.read64(linear);
        int signExponent = cpu.memory.read16(linear + 8);
        X87.track(cpu, i);
        if (full(cpu)) return;
        X87.push(cpu.fpu, signExponent, significand);
        X87.finish(cpu);
    }

    public static void fildInt16(Cpu cpu, Instruction i) {
        loadInteger(cpu, i, X87Memory.readInt16(cpu, i));
    }

    public static void fildInt32(Cpu cpu, Instruction i) {
        loadInteger(cpu, i, X87Memory.readInt32(cpu, i));
    }

    public static void fildInt64(Cpu cpu, Instruction i) {
        loadInteger(cpu, i, X87Memory.readInt64(cpu, i));
    }

    public static void fbld(Cpu cpu, Instruction i) {
        long linear = cpu.readAddress(i, 10);
        long low = cpu.memory.read64(linear);
        int high = cpu.memory.read16(linear + 8);
        X87.track(cpu, i);
        if (full(cpu)) return;
        FloatEnvironment env = X87.environment(cpu);
        PackedDecimal.load(env, low, high);
        pushResult(cpu, env);
    }

    public static void fld(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        int n = i.rm & 7;
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, n)) {
            if (X87.underflow(cpu)) X87.pushIndefinite(fpu);
        } else if (!full(cpu)) {
            X87.push(fpu, X87.signExponent(fpu, n), X87.significand(fpu, n));
            X87.finish(cpu);
        }
    }

    public static void fld1(Cpu cpu, Instruction i) {
        loadConstant(cpu, i, ExtendedConstant.ONE);
    }

    public static void fldl2t(Cpu cpu, Instruction i) {
        loadConstant(cpu, i, ExtendedConstant.LOG2_TEN);
    }

    public static void fldl2e(Cpu cpu, Instruction i) {
        loadConstant(cpu, i, ExtendedConstant.LOG2_E);
    }

    public static void fldpi(Cpu cpu, Instruction i) {
        loadConstant(cpu, i, ExtendedConstant.PI);
    }

    public static void fldlg2(Cpu cpu, Instruction i) {
        loadConstant(cpu, i, ExtendedConstant.LOG10_TWO);
    }

    public static void fldln2(Cpu cpu, Instruction i) {
        loadConstant(cpu, i, ExtendedConstant.LN_TWO);
    }

    public static void fldz(Cpu cpu, Instruction i) {
        loadConstant(cpu, i, ExtendedConstant.ZERO);
    }

    /** FLD m32 and m64 load a denormal even when DE is unmasked: so on silicon. */
    private static void loadFloat(Cpu cpu, Instruction i, BinaryFormat format, long bits) {
        X87.track(cpu, i);
        if (full(cpu)) return;
        FloatEnvironment env = X87.environment(cpu);
        ExtendedConversion.load(env, format, bits);
        pushResult(cpu, env);
    }

    private static void loadInteger(Cpu cpu, Instruction i, long value) {
        X87.track(cpu, i);
        if (full(cpu)) return;
        FloatEnvironment env = X87.environment(cpu);
        ExtendedConversion.loadInteger(env, value);
        pushResult(cpu, env);
    }

    private static void loadConstant(Cpu cpu, Instruction i, ExtendedConstant constant) {
        X87.track(cpu, i);
        if (full(cpu)) return;
        FloatEnvironment env = X87.environment(cpu);
        constant.load(env);
        pushResult(cpu, env);
    }

    private static void pushResult(Cpu cpu, FloatEnvironment env) {
        if ((env.unmasked() & FloatEnvironment.INVALID) == 0) {
            X87.push(cpu.fpu, env.resultSignExponent(), env.resultSignificand());
        }
        X87.finish(cpu, env);
    }

    /** Whether a push would overflow the stack; if so it has been dealt with. */
    private static boolean full(Cpu cpu) {
        if (X87.isEmpty(cpu.fpu, 7)) return false;
        if (X87.overflow(cpu)) X87.pushIndefinite(cpu.fpu);
        return true;
    }

    // ---- stores

    public static void fstSingle(Cpu cpu, Instruction i) {
        storeFloat(cpu, i, BinaryFormat.SINGLE, 4);
    }

    public static void fstpSingle(Cpu cpu, Instruction i) {
        if (storeFloat(cpu, i, BinaryFormat.SINGLE, 4)) X87.pop(cpu.fpu);
    }

    public static void fstDouble(Cpu cpu, Instruction i) {
        storeFloat(cpu, i, BinaryFormat.DOUBLE, 8);
    }

    public static void fstpDouble(Cpu cpu, Instruction i) {
        if (storeFloat(cpu, i, BinaryFormat.DOUBLE, 8)) X87.pop(cpu.fpu);
    }

    public static void fistInt16(Cpu cpu, Instruction i) {
        storeInteger(cpu, i, 2, roundingControl(cpu));
    }

    public static void fistpInt16(Cpu cpu, Instruction i) {
        if (storeInteger(cpu, i, 2, roundingControl(cpu))) X87.pop(cpu.fpu);
    }

    public static void fisttpInt16(Cpu cpu, Instruction i) {
        if (storeInteger(cpu, i, 2, FloatEnvironment.TOWARD_ZERO)) X87.pop(cpu.fpu);
    }

    public static void fistInt32(Cpu cpu, Instruction i) {
        storeInteger(cpu, i, 4, roundingControl(cpu));
    }

    public static void fistpInt32(Cpu cpu, Instruction i) {
        if (storeInteger(cpu, i, 4, roundingControl(cpu))) X87.pop(cpu.fpu);
    }

    public static void fisttpInt32(Cpu cpu, Instruction i) {
        if (storeInteger(cpu, i, 4, FloatEnvironment.TOWARD_ZERO)) X87.pop(cpu.fpu);
    }

    public static void fistpInt64(Cpu cpu, Instruction i) {
        if (storeInteger(cpu, i, 8, roundingControl(cpu))) X87.pop(cpu.fpu);
    }

    public static void fisttpInt64(Cpu cpu, Instruction i) {
        if (storeInteger(cpu, i, 8, FloatEnvironment.TOWARD_ZERO)) X87.pop(cpu.fpu);
    }

    private static int roundingControl(Cpu cpu) {
        return cpu.fpu.control >>> 10 & 3;
    }

    /** Returns whether something was stored, so that a popping form pops. */
    private static boolean storeFloat(Cpu cpu, Instruction i, BinaryFormat format, int size) {
        FpuState fpu = cpu.fpu;
        long linear = X87Memory.storeAddress(cpu, i, size);
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, 0)) {
            boolean masked = X87.underflow(cpu);
            if (masked) X87Memory.write(cpu, linear, size, format.indefinite());
            return masked;
        }
        FloatEnvironment env = X87.environment(cpu);
        long bits = ExtendedConversion.store(env, format, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        return finishStore(cpu, env, linear, size, bits);
    }

    private static boolean storeInteger(Cpu cpu, Instruction i, int size, int rounding) {
        FpuState fpu = cpu.fpu;
        long linear = X87Memory.storeAddress(cpu, i, size);
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, 0)) {
            boolean masked = X87.underflow(cpu);
            if (masked) X87Memory.write(cpu, linear, size, -1L << 8 * size - 1);
            return masked;
        }
        FloatEnvironment env = X87.environment(cpu);
        long value = ExtendedConversion.storeInteger(
                env, X87.signExponent(fpu, 0), X87.significand(fpu, 0), 8 * size, rounding);
        return finishStore(cpu, env, linear, size, value);
    }

    private static boolean finishStore(Cpu cpu, FloatEnvironment env, long linear, int size, long value) {
        boolean stored = (env.unmasked() & NOT_STORED) == 0;
        if (stored) X87Memory.write(cpu, linear, size, value);
        X87.finish(cpu, env);
        return stored;
    }

    public static void fstpExtended(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        long linear = X87Memory.storeAddress(cpu, i, 10);
        X87.track(cpu, i);
        if (!X87.isEmpty(fpu, 0)) {
            X87Memory.writeExtended(cpu, linear, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
            X87.finish(cpu);
        } else if (X87.underflow(cpu)) {
            X87Memory.writeExtended(cpu, linear, Extended.INDEFINITE_SIGN_EXPONENT, Extended.INDEFINITE_SIGNIFICAND);
        } else {
            return;
        }
        X87.pop(fpu);
    }

    public static void fbstp(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        long linear = X87Memory.storeAddress(cpu, i, 10);
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, 0)) {
            if (!X87.underflow(cpu)) return;
            X87Memory.writeExtended(cpu, linear, PackedDecimal.INDEFINITE_HIGH, PackedDecimal.INDEFINITE_LOW);
            X87.pop(fpu);
            return;
        }
        FloatEnvironment env = X87.environment(cpu);
        PackedDecimal.store(env, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        boolean stored = !env.stopped();
        if (stored) X87Memory.writeExtended(cpu, linear, env.resultSignExponent(), env.resultSignificand());
        X87.finish(cpu, env);
        if (stored) X87.pop(fpu);
    }

    // ---- between registers

    public static void fst(Cpu cpu, Instruction i) {
        copy(cpu, i);
    }

    public static void fstp(Cpu cpu, Instruction i) {
        if (copy(cpu, i)) X87.pop(cpu.fpu);
    }

    private static boolean copy(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, 0)) {
            boolean masked = X87.underflow(cpu);
            if (masked) X87.setIndefinite(fpu, i.rm & 7);
            return masked;
        }
        X87.set(fpu, i.rm & 7, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        X87.finish(cpu);
        return true;
    }

    public static void fxch(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        int n = i.rm & 7;
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, 0) || X87.isEmpty(fpu, n)) {
            if (!X87.underflow(cpu)) return;
            if (X87.isEmpty(fpu, 0)) X87.setIndefinite(fpu, 0);
            if (X87.isEmpty(fpu, n)) X87.setIndefinite(fpu, n);
            exchange(fpu, n);
            return;
        }
        exchange(fpu, n);
        X87.finish(cpu);
    }

    private static void exchange(FpuState fpu, int n) {
        int signExponent = X87.signExponent(fpu, n);
        long significand = X87.significand(fpu, n);
        X87.set(fpu, n, X87.signExponent(fpu, 0), X87.significand(fpu, 0));
        X87.set(fpu, 0, signExponent, significand);
    }

    public static void fcmovb(Cpu cpu, Instruction i) {
        move(cpu, i, Flags.carry(cpu.flagAux));
    }

    public static void fcmove(Cpu cpu, Instruction i) {
        move(cpu, i, cpu.flagResult == 0);
    }

    public static void fcmovbe(Cpu cpu, Instruction i) {
        move(cpu, i, Flags.carry(cpu.flagAux) || cpu.flagResult == 0);
    }

    public static void fcmovu(Cpu cpu, Instruction i) {
        move(cpu, i, Flags.parity(cpu.flagResult, cpu.flagAux));
    }

    public static void fcmovnb(Cpu cpu, Instruction i) {
        move(cpu, i, !Flags.carry(cpu.flagAux));
    }

    public static void fcmovne(Cpu cpu, Instruction i) {
        move(cpu, i, cpu.flagResult != 0);
    }

    public static void fcmovnbe(Cpu cpu, Instruction i) {
        move(cpu, i, !Flags.carry(cpu.flagAux) && cpu.flagResult != 0);
    }

    public static void fcmovnu(Cpu cpu, Instruction i) {
        move(cpu, i, !Flags.parity(cpu.flagResult, cpu.flagAux));
    }

    /** Both registers must hold numbers, whether or not the condition does. */
    private static void move(Cpu cpu, Instruction i, boolean condition) {
        FpuState fpu = cpu.fpu;
        int n = i.rm & 7;
        X87.track(cpu, i);
        if (X87.isEmpty(fpu, 0) || X87.isEmpty(fpu, n)) {
            if (X87.underflow(cpu)) X87.setIndefinite(fpu, 0);
            return;
        }
        if (condition) X87.set(fpu, 0, X87.signExponent(fpu, n), X87.significand(fpu, n));
    }
}
