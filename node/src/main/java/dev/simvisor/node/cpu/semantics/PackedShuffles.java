package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;

/** MMX and SSE instructions that rearrange lanes: interleave, pack with saturation, shuffle. */
public final class PackedShuffles {
    private static final long LOW_DWORD = 0xFFFF_FFFFL;

    private PackedShuffles() {}

    // ---- interleaving the low halves of two words

    public static long punpcklbwMmx(long a, long b) {
        return spreadBytes(a) | spreadBytes(b) << 8;
    }

    public static long punpcklwdMmx(long a, long b) {
        return spreadWords(a) | spreadWords(b) << 16;
    }

    public static long punpckldqMmx(long a, long b) {
        return a & LOW_DWORD | b << 32;
    }

    public static long punpckhbwMmx(long a, long b) {
        return punpcklbwMmx(a >>> 32, b >>> 32);
    }

    public static long punpckhwdMmx(long a, long b) {
        return punpcklwdMmx(a >>> 32, b >>> 32);
    }

    public static long punpckhdqMmx(long a, long b) {
        return a >>> 32 | b & ~LOW_DWORD;
    }

    /** The low four bytes, each in a word of its own. */
    private static long spreadBytes(long value) {
        long words = spreadWords(value & LOW_DWORD);
        return (words | words << 8) & 0x00FF_00FF_00FF_00FFL;
    }

    /** The low two words, each in a doubleword of its own. */
    private static long spreadWords(long value) {
        return (value & LOW_DWORD | value << 16) & 0x0000_FFFF_0000_FFFFL;
    }

    public static void punpcklbwXmm(Cpu cpu, Instruction i) {
        long b = SimdRegisters.low(cpu, i, SimdRegisters.address(cpu, i));
        long a = cpu.xmm[2 * i.reg];
        SimdRegisters.set(cpu, i.reg, punpcklbwMmx(a, b), punpckhbwMmx(a, b));
    }

    public static void punpcklwdXmm(Cpu cpu, Instruction i) {
        long b = SimdRegisters.low(cpu, i, SimdRegisters.address(cpu, i));
        long a = cpu.xmm[2 * i.reg];
        SimdRegisters.set(cpu, i.reg, punpcklwdMmx(a, b), punpckhwdMmx(a, b));
    }

    public static void punpckldqXmm(Cpu cpu, Instruction i) {
        long b = SimdRegisters.low(cpu, i, SimdRegisters.address(cpu, i));
        long a = cpu.xmm[2 * i.reg];
        SimdRegisters.set(cpu, i.reg, punpckldqMmx(a, b), punpckhdqMmx(a, b));
    }

    public static void punpcklqdq(Cpu cpu, Instruction i) {
        cpu.xmm[2 * i.reg + 1] = SimdRegisters.low(cpu, i, SimdRegisters.address(cpu, i));
    }

    public static void punpckhbwXmm(Cpu cpu, Instruction i) {
        long b = SimdRegisters.onlyHigh(cpu, i, SimdRegisters.address(cpu, i));
        long a = cpu.xmm[2 * i.reg + 1];
        SimdRegisters.set(cpu, i.reg, punpcklbwMmx(a, b), punpckhbwMmx(a, b));
    }

    public static void punpckhwdXmm(Cpu cpu, Instruction i) {
        long b = SimdRegisters.onlyHigh(cpu, i, SimdRegisters.address(cpu, i));
        long a = cpu.xmm[2 * i.reg + 1];
        SimdRegisters.set(cpu, i.reg, punpcklwdMmx(a, b), punpckhwdMmx(a, b));
    }

    public static void punpckhdqXmm(Cpu cpu, Instruction i) {
        long b = SimdRegisters.onlyHigh(cpu, i, SimdRegisters.address(cpu, i));
        long a = cpu.xmm[2 * i.reg + 1];
        SimdRegisters.set(cpu, i.reg, punpckldqMmx(a, b), punpckhdqMmx(a, b));
    }

    public static void punpckhqdq(Cpu cpu, Instruction i) {
        long b = SimdRegisters.onlyHigh(cpu, i, SimdRegisters.address(cpu, i));
        SimdRegisters.set(cpu, i.reg, cpu.xmm[2 * i.reg + 1], b);
    }

    // ---- packing two words into one: each gives the half that holds its lanes, saturated

    private static long signedBytes(long words) {
        long result = 0;
        for (int lane = 0; lane < 4; lane++) {
            result |= PackedIntegers.signedByte((short) (words >>> 16 * lane)) << 8 * lane;
        }
        return result;
    }

    private static long unsignedBytes(long words) {
        long result = 0;
        for (int lane = 0; lane < 4; lane++) {
            result |= PackedIntegers.unsignedByte((short) (words >>> 16 * lane)) << 8 * lane;
        }
        return result;
    }

    private static long signedWords(long dwords) {
        return PackedIntegers.signedWord((int) dwords) | PackedIntegers.signedWord(dwords >> 32) << 16;
    }

    public static long packsswbMmx(long a, long b) {
        return signedBytes(a) | signedBytes(b) << 32;
    }

    public static long packuswbMmx(long a, long b) {
        return unsignedBytes(a) | unsignedBytes(b) << 32;
    }

    public static long packssdwMmx(long a, long b) {
        return signedWords(a) | signedWords(b) << 32;
    }

    public static void packsswbXmm(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long high = packsswbMmx(SimdRegisters.low(cpu, i, linear), SimdRegisters.high(cpu, i, linear));
        SimdRegisters.set(cpu, i.reg, packsswbMmx(cpu.xmm[2 * i.reg], cpu.xmm[2 * i.reg + 1]), high);
    }

    public static void packuswbXmm(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long high = packuswbMmx(SimdRegisters.low(cpu, i, linear), SimdRegisters.high(cpu, i, linear));
        SimdRegisters.set(cpu, i.reg, packuswbMmx(cpu.xmm[2 * i.reg], cpu.xmm[2 * i.reg + 1]), high);
    }

    public static void packssdwXmm(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long high = packssdwMmx(SimdRegisters.low(cpu, i, linear), SimdRegisters.high(cpu, i, linear));
        SimdRegisters.set(cpu, i.reg, packssdwMmx(cpu.xmm[2 * i.reg], cpu.xmm[2 * i.reg + 1]), high);
    }

    // ---- shuffles: each field of the immediate names the lane that goes there

    public static long pshufw(long value, int order) {
        long result = 0;
        for (int lane = 0; lane < 4; lane++) {
            result |= (value >>> 16 * (order >>> 2 * lane & 3) & 0xFFFF) << 16 * lane;
        }
        return result;
    }

    public static void pshuflw(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long low = pshufw(SimdRegisters.low(cpu, i, linear), (int) i.immediate);
        SimdRegisters.set(cpu, i.reg, low, SimdRegisters.high(cpu, i, linear));
    }

    public static void pshufhw(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long low = SimdRegisters.low(cpu, i, linear);
        SimdRegisters.set(cpu, i.reg, low, pshufw(SimdRegisters.high(cpu, i, linear), (int) i.immediate));
    }

    private static long dword(long low, long high, int selector) {
        return ((selector & 2) == 0 ? low : high) >>> 32 * (selector & 1) & LOW_DWORD;
    }

    public static void pshufd(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long low = SimdRegisters.low(cpu, i, linear);
        long high = SimdRegisters.high(cpu, i, linear);
        int order = (int) i.immediate;
        SimdRegisters.set(
                cpu,
                i.reg,
                dword(low, high, order) | dword(low, high, order >> 2) << 32,
                dword(low, high, order >> 4) | dword(low, high, order >> 6) << 32);
    }

    public static void shufps(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long bLow = SimdRegisters.low(cpu, i, linear);
        long bHigh = SimdRegisters.high(cpu, i, linear);
        long aLow = cpu.xmm[2 * i.reg];
        long aHigh = cpu.xmm[2 * i.reg + 1];
        int order = (int) i.immediate;
        SimdRegisters.set(
                cpu,
                i.reg,
                dword(aLow, aHigh, order) | dword(aLow, aHigh, order >> 2) << 32,
                dword(bLow, bHigh, order >> 4) | dword(bLow, bHigh, order >> 6) << 32);
    }

    public static void shufpd(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long bLow = SimdRegisters.low(cpu, i, linear);
        long bHigh = SimdRegisters.high(cpu, i, linear);
        long low = (i.immediate & 1) == 0 ? cpu.xmm[2 * i.reg] : cpu.xmm[2 * i.reg + 1];
        SimdRegisters.set(cpu, i.reg, low, (i.immediate & 2) == 0 ? bLow : bHigh);
    }
}
