package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;

/**
 * Shifts and double shifts (SDM Vol 2B SAL/SAR/SHL/SHR, SHLD, SHRD). The count is taken modulo 32, or 64 for 64-bit operands;
 * a count of zero changes no flag. C is the last bit shifted out. O is defined for a count of 1 and here follows the same rule
 * for all; A is undefined and cleared.
 */
public final class Shift {
    private Shift() {}

    private static void flags(Cpu cpu, long result, long carry, long overflow) {
        cpu.flagResult = result;
        cpu.flagAux = Flags.carryOverflowAux((int) carry & 1, (int) overflow & 1);
    }

    public static int shl8(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        long wide = (long) a << shift;
        long carry = wide >>> 8;
        flags(cpu, (byte) wide, carry, carry ^ wide >>> 7);
        return (int) wide;
    }

    public static int shl16(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        long wide = (long) a << shift;
        long carry = wide >>> 16;
        flags(cpu, (short) wide, carry, carry ^ wide >>> 15);
        return (int) wide;
    }

    public static int shl32(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        long wide = (a & 0xFFFF_FFFFL) << shift;
        long carry = wide >>> 32;
        flags(cpu, (int) wide, carry, carry ^ wide >>> 31);
        return (int) wide;
    }

    public static long shl64(Cpu cpu, long a, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long result = a << shift;
        long carry = a >>> 64 - shift;
        flags(cpu, result, carry, carry ^ result >>> 63);
        return result;
    }

    public static int shr8(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a >>> shift;
        flags(cpu, (byte) result, a >>> shift - 1, a >>> 7);
        return result;
    }

    public static int shr16(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a >>> shift;
        flags(cpu, (short) result, a >>> shift - 1, a >>> 15);
        return result;
    }

    public static int shr32(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a >>> shift;
        flags(cpu, result, a >>> shift - 1, a >>> 31);
        return result;
    }

    public static long shr64(Cpu cpu, long a, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long result = a >>> shift;
        flags(cpu, result, a >>> shift - 1, a >>> 63);
        return result;
    }

    public static int sar8(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int signed = (byte) a;
        int result = signed >> shift;
        flags(cpu, result, signed >> shift - 1, 0);
        return result;
    }

    public static int sar16(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int signed = (short) a;
        int result = signed >> shift;
        flags(cpu, result, signed >> shift - 1, 0);
        return result;
    }

    public static int sar32(Cpu cpu, int a, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a >> shift;
        flags(cpu, result, a >> shift - 1, 0);
        return result;
    }

    public static long sar64(Cpu cpu, long a, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long result = a >> shift;
        flags(cpu, result, a >> shift - 1, 0);
        return result;
    }

    public static int shld16(Cpu cpu, int a, int b, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        // Counts above 16 are undefined; the bits then come round from the destination again.
        long wide = ((long) a << 32 | (long) b << 16 | a) << shift;
        int result = (int) (wide >>> 32) & 0xFFFF;
        long carry = wide >>> 48;
        flags(cpu, (short) result, carry, (a ^ result) >>> 15);
        return result;
    }

    public static int shld32(Cpu cpu, int a, int b, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a << shift | b >>> 32 - shift;
        flags(cpu, result, a >>> 32 - shift, (a ^ result) >>> 31);
        return result;
    }

    public static long shld64(Cpu cpu, long a, long b, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long result = a << shift | b >>> 64 - shift;
        flags(cpu, result, a >>> 64 - shift, (a ^ result) >>> 63);
        return result;
    }

    public static int shrd16(Cpu cpu, int a, int b, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        long wide = (long) a << 32 | (long) b << 16 | a;
        int result = (int) (wide >>> shift) & 0xFFFF;
        flags(cpu, (short) result, wide >>> shift - 1, (a ^ result) >>> 15);
        return result;
    }

    public static int shrd32(Cpu cpu, int a, int b, int count) {
        int shift = count & 31;
        if (shift == 0) return a;
        int result = a >>> shift | b << 32 - shift;
        flags(cpu, result, a >>> shift - 1, (a ^ result) >>> 31);
        return result;
    }

    public static long shrd64(Cpu cpu, long a, long b, int count) {
        int shift = count & 63;
        if (shift == 0) return a;
        long result = a >>> shift | b << 64 - shift;
        flags(cpu, result, a >>> shift - 1, (a ^ result) >>> 63);
        return result;
    }
}
