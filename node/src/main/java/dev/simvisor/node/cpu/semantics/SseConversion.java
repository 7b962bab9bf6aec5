package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.DoubleArithmetic;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.SingleArithmetic;

/** SSE and SSE2 conversions between integers, singles and doubles. */
public final class SseConversion {
    private SseConversion() {}

    private static long pair(long low, long high) {
        return low & 0xFFFF_FFFFL | high << 32;
    }

    private static int highOf(long pair) {
        return (int) (pair >>> 32);
    }

    // ---- general registers

    public static int cvtsi2ss(Cpu cpu, int value) {
        return SingleArithmetic.fromInteger(Simd.environment(cpu), value);
    }

    public static int cvtsi2ssQuad(Cpu cpu, long value) {
        return SingleArithmetic.fromInteger(Simd.environment(cpu), value);
    }

    public static long cvtsi2sd(int value) {
        return Double.doubleToRawLongBits(value);
    }

    public static long cvtsi2sdQuad(Cpu cpu, long value) {
        return DoubleArithmetic.fromInteger(Simd.environment(cpu), value);
    }

    public static int cvtss2si(Cpu cpu, int value) {
        return (int) SingleArithmetic.toInteger(Simd.environment(cpu), value, 32);
    }

    public static long cvtss2siQuad(Cpu cpu, int value) {
        long result = SingleArithmetic.toInteger(Simd.environment(cpu), value, 64);
        Simd.raiseUnmasked(cpu);
        return result;
    }

    public static int cvttss2si(Cpu cpu, int value) {
        return (int) SingleArithmetic.truncate(Simd.environment(cpu), value, 32);
    }

    public static long cvttss2siQuad(Cpu cpu, int value) {
        long result = SingleArithmetic.truncate(Simd.environment(cpu), value, 64);
        Simd.raiseUnmasked(cpu);
        return result;
    }

    public static int cvtsd2si(Cpu cpu, long value) {
        return (int) DoubleArithmetic.toInteger(Simd.environment(cpu), value, 32);
    }

    public static long cvtsd2siQuad(Cpu cpu, long value) {
        long result = DoubleArithmetic.toInteger(Simd.environment(cpu), value, 64);
        Simd.raiseUnmasked(cpu);
        return result;
    }

    public static int cvttsd2si(Cpu cpu, long value) {
        return (int) DoubleArithmetic.truncate(Simd.environment(cpu), value, 32);
    }

    public static long cvttsd2siQuad(Cpu cpu, long value) {
        long result = DoubleArithmetic.truncate(Simd.environment(cpu), value, 64);
        Simd.raiseUnmasked(cpu);
        return result;
    }

    // ---- between singles and doubles

    public static long cvtss2sd(Cpu cpu, int value) {
        return SingleArithmetic.toDouble(Simd.environment(cpu), value);
    }

    public static int cvtsd2ss(Cpu cpu, long value) {
        return DoubleArithmetic.toSingle(Simd.environment(cpu), value);
    }

    public static void cvtps2pd(Cpu cpu, Instruction i) {
        long value = SimdRegisters.quad(cpu, i);
        FloatEnvironment env = Simd.environment(cpu);
        long low = SingleArithmetic.toDouble(env, (int) value);
        long high = SingleArithmetic.toDouble(env, highOf(value));
        Simd.raiseUnmasked(cpu);
        SimdRegisters.set(cpu, i.reg, low, high);
    }

    public static void cvtpd2ps(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long low = SimdRegisters.low(cpu, i, linear);
        long high = SimdRegisters.high(cpu, i, linear);
        FloatEnvironment env = Simd.environment(cpu);
        long result = pair(DoubleArithmetic.toSingle(env, low), DoubleArithmetic.toSingle(env, high));
        Simd.raiseUnmasked(cpu);
        SimdRegisters.set(cpu, i.reg, result, 0);
    }

    // ---- packed doublewords

    public static long cvtdq2ps(Cpu cpu, long value) {
        FloatEnvironment env = Simd.environment(cpu);
        return pair(SingleArithmetic.fromInteger(env, (int) value), SingleArithmetic.fromInteger(env, highOf(value)));
    }

    public static long cvtps2dq(Cpu cpu, long value) {
        FloatEnvironment env = Simd.environment(cpu);
        long low = SingleArithmetic.toInteger(env, (int) value, 32);
        return pair(low, SingleArithmetic.toInteger(env, highOf(value), 32));
    }

    public static long cvttps2dq(Cpu cpu, long value) {
        FloatEnvironment env = Simd.environment(cpu);
        long low = SingleArithmetic.truncate(env, (int) value, 32);
        return pair(low, SingleArithmetic.truncate(env, highOf(value), 32));
    }

    public static void cvtdq2pd(Cpu cpu, Instruction i) {
        long value = SimdRegisters.quad(cpu, i);
        SimdRegisters.set(cpu, i.reg, cvtsi2sd((int) value), cvtsi2sd(highOf(value)));
    }

    public static void cvtpd2dq(Cpu cpu, Instruction i) {
        long result = doublesToIntegers(cpu, i, false);
        Simd.raiseUnmasked(cpu);
        SimdRegisters.set(cpu, i.reg, result, 0);
    }

    public static void cvttpd2dq(Cpu cpu, Instruction i) {
        long result = doublesToIntegers(cpu, i, true);
        Simd.raiseUnmasked(cpu);
        SimdRegisters.set(cpu, i.reg, result, 0);
    }

    private static long doublesToIntegers(Cpu cpu, Instruction i, boolean truncating) {
        long linear = SimdRegisters.address(cpu, i);
        long low = SimdRegisters.low(cpu, i, linear);
        long high = SimdRegisters.high(cpu, i, linear);
        FloatEnvironment env = Simd.environment(cpu);
        return truncating
                ? pair(DoubleArithmetic.truncate(env, low, 32), DoubleArithmetic.truncate(env, high, 32))
                : pair(DoubleArithmetic.toInteger(env, low, 32), DoubleArithmetic.toInteger(env, high, 32));
    }

    // ---- MMX registers

    public static void cvtpi2ps(Cpu cpu, Instruction i) {
        long value = mmxOperand(cpu, i);
        long result = cvtdq2ps(cpu, value);
        Simd.raiseUnmasked(cpu);
        cpu.xmm[2 * i.reg] = result;
    }

    public static void cvtpi2pd(Cpu cpu, Instruction i) {
        long value = mmxOperand(cpu, i);
        SimdRegisters.set(cpu, i.reg, cvtsi2sd((int) value), cvtsi2sd(highOf(value)));
    }

    /** An operand in memory leaves the x87 registers as they are. */
    private static long mmxOperand(Cpu cpu, Instruction i) {
        if (i.memory) return cpu.memory.read64(cpu.readAddress(i, 8));
        Simd.checkMmx(cpu);
        Simd.enterMmx(cpu);
        return SimdRegisters.mmx(cpu, i.rm);
    }

    // The registers are MMX registers already when an unmasked exception is raised: so on silicon.

    public static void cvtps2pi(Cpu cpu, Instruction i) {
        Simd.checkSse(cpu);
        setMmx(cpu, i, cvtps2dq(cpu, SimdRegisters.quad(cpu, i)));
    }

    public static void cvttps2pi(Cpu cpu, Instruction i) {
        Simd.checkSse(cpu);
        setMmx(cpu, i, cvttps2dq(cpu, SimdRegisters.quad(cpu, i)));
    }

    public static void cvtpd2pi(Cpu cpu, Instruction i) {
        Simd.checkSse(cpu);
        setMmx(cpu, i, doublesToIntegers(cpu, i, false));
    }

    public static void cvttpd2pi(Cpu cpu, Instruction i) {
        Simd.checkSse(cpu);
        setMmx(cpu, i, doublesToIntegers(cpu, i, true));
    }

    private static void setMmx(Cpu cpu, Instruction i, long result) {
        Simd.enterMmx(cpu);
        Simd.raiseUnmasked(cpu);
        SimdRegisters.setMmx(cpu, i.reg, result);
    }
}
