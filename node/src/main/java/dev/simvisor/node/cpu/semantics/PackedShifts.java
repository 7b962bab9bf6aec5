package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;

/**
 * MMX and SSE2 shifts. All lanes move by the same count, the low 64 bits of the second operand as an unsigned number; too large
 * a count leaves zeroes, or signs.
 */
public final class PackedShifts {
    private static final long LOW_WORDS = 0x0001_0001_0001_0001L;
    private static final long LOW_DWORDS = 0x0000_0001_0000_0001L;

    private PackedShifts() {}

    private static boolean clears(long count, int laneBits) {
        return Long.compareUnsigned(count, laneBits) >= 0;
    }

    public static long psllwMmx(long a, long count) {
        return clears(count, 16) ? 0 : a << count & LOW_WORDS * (0xFFFF << count & 0xFFFF);
    }

    public static long psrlwMmx(long a, long count) {
        return clears(count, 16) ? 0 : a >>> count & LOW_WORDS * (0xFFFF >>> count);
    }

    public static long psrawMmx(long a, long count) {
        int shift = clears(count, 16) ? 15 : (int) count;
        long result = 0;
        for (int lane = 0; lane < 64; lane += 16) {
            result |= ((short) (a >>> lane) >> shift & 0xFFFFL) << lane;
        }
        return result;
    }

    public static long pslldMmx(long a, long count) {
        return clears(count, 32) ? 0 : a << count & LOW_DWORDS * (0xFFFF_FFFFL << count & 0xFFFF_FFFFL);
    }

    public static long psrldMmx(long a, long count) {
        return clears(count, 32) ? 0 : a >>> count & LOW_DWORDS * (0xFFFF_FFFFL >>> count);
    }

    public static long psradMmx(long a, long count) {
        int shift = clears(count, 32) ? 31 : (int) count;
        return (int) a >> shift & 0xFFFF_FFFFL | a >> 32 >> shift << 32;
    }

    public static long psllqMmx(long a, long count) {
        return clears(count, 64) ? 0 : a << count;
    }

    public static long psrlqMmx(long a, long count) {
        return clears(count, 64) ? 0 : a >>> count;
    }

    // ---- by an immediate: applied to each half

    public static long psllwImmediate(long a, int count) {
        return psllwMmx(a, count);
    }

    public static long psrlwImmediate(long a, int count) {
        return psrlwMmx(a, count);
    }

    public static long psrawImmediate(long a, int count) {
        return psrawMmx(a, count);
    }

    public static long pslldImmediate(long a, int count) {
        return pslldMmx(a, count);
    }

    public static long psrldImmediate(long a, int count) {
        return psrldMmx(a, count);
    }

    public static long psradImmediate(long a, int count) {
        return psradMmx(a, count);
    }

    public static long psllqImmediate(long a, int count) {
        return psllqMmx(a, count);
    }

    public static long psrlqImmediate(long a, int count) {
        return psrlqMmx(a, count);
    }

    // ---- XMM registers by a count in a register or memory

    public static void psllwXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, psllwMmx(cpu.xmm[2 * i.reg], count), psllwMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    public static void psrlwXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, psrlwMmx(cpu.xmm[2 * i.reg], count), psrlwMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    public static void psrawXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, psrawMmx(cpu.xmm[2 * i.reg], count), psrawMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    public static void pslldXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, pslldMmx(cpu.xmm[2 * i.reg], count), pslldMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    public static void psrldXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, psrldMmx(cpu.xmm[2 * i.reg], count), psrldMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    public static void psradXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, psradMmx(cpu.xmm[2 * i.reg], count), psradMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    public static void psllqXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, psllqMmx(cpu.xmm[2 * i.reg], count), psllqMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    public static void psrlqXmm(Cpu cpu, Instruction i) {
        long count = count(cpu, i);
        SimdRegisters.set(cpu, i.reg, psrlqMmx(cpu.xmm[2 * i.reg], count), psrlqMmx(cpu.xmm[2 * i.reg + 1], count));
    }

    private static long count(Cpu cpu, Instruction i) {
        return SimdRegisters.low(cpu, i, SimdRegisters.address(cpu, i));
    }

    // ---- the whole register by bytes

    public static void pslldq(Cpu cpu, Instruction i) {
        int bits = shiftBits(i);
        long low = cpu.xmm[2 * i.rm];
        long high = cpu.xmm[2 * i.rm + 1];
        if (bits >= 64) {
            SimdRegisters.set(cpu, i.rm, 0, bits >= 128 ? 0 : low << bits - 64);
        } else if (bits != 0) {
            SimdRegisters.set(cpu, i.rm, low << bits, high << bits | low >>> 64 - bits);
        }
    }

    public static void psrldq(Cpu cpu, Instruction i) {
        int bits = shiftBits(i);
        long low = cpu.xmm[2 * i.rm];
        long high = cpu.xmm[2 * i.rm + 1];
        if (bits >= 64) {
            SimdRegisters.set(cpu, i.rm, bits >= 128 ? 0 : high >>> bits - 64, 0);
        } else if (bits != 0) {
            SimdRegisters.set(cpu, i.rm, low >>> bits | high << 64 - bits, high >>> bits);
        }
    }

    private static int shiftBits(Instruction i) {
        return ((int) i.immediate & 0xFF) * 8;
    }
}
