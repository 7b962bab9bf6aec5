package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Attribute;

/** Operands of MMX and SSE instructions that are not computed half by half. */
final class SimdRegisters {
    /** What the exponent half of an x87 register holds after MMX has written the significand (SDM Vol 1 §9.2.2). */
    private static final int MMX_EXPONENT = 0xFFFF;

    private static final long LOW_DWORD = 0xFFFF_FFFFL;

    private SimdRegisters() {}

    static void set(Cpu cpu, int register, long low, long high) {
        cpu.xmm[2 * register] = low;
        cpu.xmm[2 * register + 1] = high;
    }

    static void setLow32(Cpu cpu, int register, int value) {
        cpu.xmm[2 * register] = cpu.xmm[2 * register] & ~LOW_DWORD | value & LOW_DWORD;
    }

    static long mmx(Cpu cpu, int register) {
        return cpu.fpu.significand[register & 7];
    }

    static void setMmx(Cpu cpu, int register, long value) {
        cpu.fpu.significand[register & 7] = value;
        cpu.fpu.signExponent[register & 7] = MMX_EXPONENT;
    }

    /** Linear address of a 16-byte operand that is read, checked for alignment where the row asks for it; 0 for a register. */
    static long address(Cpu cpu, Instruction i) {
        if (!i.memory) return 0;
        return aligned(cpu, i, cpu.readAddress(i, 16));
    }

    /** Linear address of a 16-byte operand in memory that is written; the store will not fault half way. */
    static long storeAddress(Cpu cpu, Instruction i) {
        long linear = aligned(cpu, i, cpu.writeAddress(i, 16));
        if ((linear & 7) != 0 || (linear & 0xFFF) > 0xFF0) cpu.memory.checkWrite(linear, 16);
        return linear;
    }

    private static long aligned(Cpu cpu, Instruction i, long linear) {
        if ((linear & 15) != 0 && i.row.has(Attribute.ALIGNED)) throw cpu.generalProtection(0);
        return linear;
    }

    /** Bits 63:0 of the W operand at an address from {@link #address}. */
    static long low(Cpu cpu, Instruction i, long linear) {
        return i.memory ? cpu.memory.read64(linear) : cpu.xmm[2 * i.rm];
    }

    /** Bits 127:64 of the W operand at an address from {@link #address}. */
    static long high(Cpu cpu, Instruction i, long linear) {
        return i.memory ? cpu.memory.read64(linear + 8) : cpu.xmm[2 * i.rm + 1];
    }

    /** As {@link #high} where the low half is not used: the whole operand is accessed, so that half may fault first. */
    static long onlyHigh(Cpu cpu, Instruction i, long linear) {
        low(cpu, i, linear);
        return high(cpu, i, linear);
    }

    /** A 64-bit W operand. */
    static long quad(Cpu cpu, Instruction i) {
        return i.memory ? cpu.memory.read64(cpu.readAddress(i, 8)) : cpu.xmm[2 * i.rm];
    }
}
