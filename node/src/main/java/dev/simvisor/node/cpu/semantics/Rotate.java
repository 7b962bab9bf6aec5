package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;

/**
 * Rotates (SDM Vol 2B RCL/RCR/ROL/ROR). Only C and O change, and neither for a count of zero. O is defined for a count of 1
 * and here follows the same rule for all.
 */
public final class Rotate {
    private static final long CARRY_OVERFLOW = 3L << 62;

    private Rotate() {}

    private static void flags(Cpu cpu, long carry, long overflow) {
        cpu.flagAux = cpu.flagAux & ~CARRY_OVERFLOW | Flags.carryOverflowAux((int) carry & 1, (int) overflow & 1);
    }

    public static int rol8(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a << (shift & 7) | a >>> 8 - (shift & 7);
        flags(cpu, result, result ^ result >>> 7);
        return result;
    }

    public static int rol16(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a << (shift & 15) | a >>> 16 - (shift & 15);
        flags(cpu, result, result ^ result >>> 15);
        return result;
    }

    public static int rol32(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = Integer.rotateLeft(a, shift);
        flags(cpu, result, result ^ result >>> 31);
        return result;
    }

    public static long rol64(Cpu cpu, long a, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long result = Long.rotateLeft(a, shift);
        flags(cpu, result, result ^ result >>> 63);
        return result;
    }

    public static int ror8(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a >>> (shift & 7) | a << 8 - (shift & 7);
        flags(cpu, result >>> 7, (result >>> 7) ^ (result >>> 6));
        return result;
    }

    public static int ror16(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a >>> (shift & 15) | a << 16 - (shift & 15);
        flags(cpu, result >>> 15, (result >>> 15) ^ (result >>> 14));
        return result;
    }

    public static int ror32(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = Integer.rotateRight(a, shift);
        flags(cpu, result >>> 31, (result >>> 31) ^ (result >>> 30));
        return result;
    }

    public static long ror64(Cpu cpu, long a, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long result = Long.rotateRight(a, shift);
        flags(cpu, result >>> 63, (result >>> 63) ^ (result >>> 62));
        return result;
    }

    public static int rcl8(Cpu cpu, int a, int count) {
        int shift = (count & 31) % 9;
        if (shift == 0) return a;
        long wide = (cpu.flagAux >>> 63) << 8 | a;
        long result = wide << shift | wide >>> 9 - shift;
        flags(cpu, result >>> 8, result >>> 8 ^ result >>> 7);
        return (int) result;
    }

    public static int rcr8(Cpu cpu, int a, int count) {
        int shift = (count & 31) % 9;
        if (shift == 0) return a;
        long wide = (cpu.flagAux >>> 63) << 8 | a;
        long result = wide >>> shift | wide << 9 - shift;
        flags(cpu, result >>> 8, result >>> 7 ^ result >>> 6);
        return (int) result;
    }

    public static int rcl16(Cpu cpu, int a, int count) {
        int shift = (count & 31) % 17;
        if (shift == 0) return a;
        long wide = (cpu.flagAux >>> 63) << 16 | a;
        long result = wide << shift | wide >>> 17 - shift;
        flags(cpu, result >>> 16, result >>> 16 ^ result >>> 15);
        return (int) result;
    }

    public static int rcr16(Cpu cpu, int a, int count) {
        int shift = (count & 31) % 17;
        if (shift == 0) return a;
        long wide = (cpu.flagAux >>> 63) << 16 | a;
        long result = wide >>> shift | wide << 17 - shift;
        flags(cpu, result >>> 16, result >>> 15 ^ result >>> 14);
        return (int) result;
    }

    public static int rcl32(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        long wide = (cpu.flagAux >>> 63) << 32 | a & 0xFFFF_FFFFL;
        long result = wide << shift | wide >>> 33 - shift;
        flags(cpu, result >>> 32, result >>> 32 ^ result >>> 31);
        return (int) result;
    }

    public static int rcr32(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        long wide = (cpu.flagAux >>> 63) << 32 | a & 0xFFFF_FFFFL;
        long result = wide >>> shift | wide << 33 - shift;
        flags(cpu, result >>> 32, result >>> 31 ^ result >>> 30);
        return (int) result;
    }

    public static long rcl64(Cpu cpu, long a, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long carryIn = cpu.flagAux >>> 63;
        long result = a << shift | carryIn << shift - 1 | (shift > 1 ? a >>> 65 - shift : 0);
        long carry = a >>> 64 - shift;
        flags(cpu, carry, carry ^ result >>> 63);
        return result;
    }

    public static long rcr64(Cpu cpu, long a, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long carryIn = cpu.flagAux >>> 63;
        long result = a >>> shift | carryIn << 64 - shift | (shift > 1 ? a << 65 - shift : 0);
        flags(cpu, a >>> shift - 1, result >>> 63 ^ result >>> 62);
        return result;
    }
}
