package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.softfloat.DoubleArithmetic;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.SingleArithmetic;

/**
 * SSE and SSE2 floating-point arithmetic. The scalar forms work on one number, the packed ones on a half of the register: two
 * singles or one double. What they raise is settled by {@link Simd#raiseUnmasked} before the result is stored.
 */
public final class SseArithmetic {
    private SseArithmetic() {}

    private static long pair(int low, int high) {
        return low & 0xFFFF_FFFFL | (long) high << 32;
    }

    private static int highOf(long pair) {
        return (int) (pair >>> 32);
    }

    public static int addss(Cpu cpu, int a, int b) {
        return SingleArithmetic.add(Simd.environment(cpu), a, b);
    }

    public static long addsd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.add(Simd.environment(cpu), a, b);
    }

    public static long addps(Cpu cpu, long a, long b) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.add(env, (int) a, (int) b);
        return pair(low, SingleArithmetic.add(env, highOf(a), highOf(b)));
    }

    public static long addpd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.add(Simd.environment(cpu), a, b);
    }

    public static int subss(Cpu cpu, int a, int b) {
        return SingleArithmetic.subtract(Simd.environment(cpu), a, b);
    }

    public static long subsd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.subtract(Simd.environment(cpu), a, b);
    }

    public static long subps(Cpu cpu, long a, long b) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.subtract(env, (int) a, (int) b);
        return pair(low, SingleArithmetic.subtract(env, highOf(a), highOf(b)));
    }

    public static long subpd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.subtract(Simd.environment(cpu), a, b);
    }

    public static int mulss(Cpu cpu, int a, int b) {
        return SingleArithmetic.multiply(Simd.environment(cpu), a, b);
    }

    public static long mulsd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.multiply(Simd.environment(cpu), a, b);
    }

    public static long mulps(Cpu cpu, long a, long b) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.multiply(env, (int) a, (int) b);
        return pair(low, SingleArithmetic.multiply(env, highOf(a), highOf(b)));
    }

    public static long mulpd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.multiply(Simd.environment(cpu), a, b);
    }

    public static int divss(Cpu cpu, int a, int b) {
        return SingleArithmetic.divide(Simd.environment(cpu), a, b);
    }

    public static long divsd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.divide(Simd.environment(cpu), a, b);
    }

    public static long divps(Cpu cpu, long a, long b) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.divide(env, (int) a, (int) b);
        return pair(low, SingleArithmetic.divide(env, highOf(a), highOf(b)));
    }

    public static long divpd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.divide(Simd.environment(cpu), a, b);
    }

    public static int minss(Cpu cpu, int a, int b) {
        return SingleArithmetic.minimum(Simd.environment(cpu), a, b);
    }

    public static long minsd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.minimum(Simd.environment(cpu), a, b);
    }

    public static long minps(Cpu cpu, long a, long b) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.minimum(env, (int) a, (int) b);
        return pair(low, SingleArithmetic.minimum(env, highOf(a), highOf(b)));
    }

    public static long minpd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.minimum(Simd.environment(cpu), a, b);
    }

    public static int maxss(Cpu cpu, int a, int b) {
        return SingleArithmetic.maximum(Simd.environment(cpu), a, b);
    }

    public static long maxsd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.maximum(Simd.environment(cpu), a, b);
    }

    public static long maxps(Cpu cpu, long a, long b) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.maximum(env, (int) a, (int) b);
        return pair(low, SingleArithmetic.maximum(env, highOf(a), highOf(b)));
    }

    public static long maxpd(Cpu cpu, long a, long b) {
        return DoubleArithmetic.maximum(Simd.environment(cpu), a, b);
    }

    public static int sqrtss(Cpu cpu, int b) {
        return SingleArithmetic.squareRoot(Simd.environment(cpu), b);
    }

    public static long sqrtsd(Cpu cpu, long b) {
        return DoubleArithmetic.squareRoot(Simd.environment(cpu), b);
    }

    public static long sqrtps(Cpu cpu, long b) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.squareRoot(env, (int) b);
        return pair(low, SingleArithmetic.squareRoot(env, highOf(b)));
    }

    public static long sqrtpd(Cpu cpu, long b) {
        return DoubleArithmetic.squareRoot(Simd.environment(cpu), b);
    }

    public static int rcpss(int b) {
        return ReciprocalEstimate.reciprocal(b);
    }

    public static long rcpps(long b) {
        return pair(ReciprocalEstimate.reciprocal((int) b), ReciprocalEstimate.reciprocal(highOf(b)));
    }

    public static int rsqrtss(int b) {
        return ReciprocalEstimate.reciprocalSquareRoot(b);
    }

    public static long rsqrtps(long b) {
        return pair(
                ReciprocalEstimate.reciprocalSquareRoot((int) b), ReciprocalEstimate.reciprocalSquareRoot(highOf(b)));
    }
}
