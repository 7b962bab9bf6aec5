package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;

/** MMX and SSE data movement. */
public final class SimdMoves {
    private SimdMoves() {}

    // ---- whole XMM registers

    public static void movdqu(Cpu cpu, Instruction i) {
        long linear = SimdRegisters.address(cpu, i);
        long low = SimdRegisters.low(cpu, i, linear);
        SimdRegisters.set(cpu, i.reg, low, SimdRegisters.high(cpu, i, linear));
    }

    public static void movdquStore(Cpu cpu, Instruction i) {
        long low = cpu.xmm[2 * i.reg];
        long high = cpu.xmm[2 * i.reg + 1];
        if (!i.memory) {
            SimdRegisters.set(cpu, i.rm, low, high);
            return;
        }
        long linear = SimdRegisters.storeAddress(cpu, i);
        cpu.memory.write64(linear, low);
        cpu.memory.write64(linear + 8, high);
    }

    // ---- parts of XMM registers

    /** From memory the rest of the register becomes zero; from a register it stays. */
    public static void movss(Cpu cpu, Instruction i) {
        if (i.memory) {
            int value = cpu.memory.read32(cpu.readAddress(i, 4));
            SimdRegisters.set(cpu, i.reg, value & 0xFFFF_FFFFL, 0);
        } else {
            SimdRegisters.setLow32(cpu, i.reg, (int) cpu.xmm[2 * i.rm]);
        }
    }

    public static void movssStore(Cpu cpu, Instruction i) {
        int value = (int) cpu.xmm[2 * i.reg];
        if (i.memory) cpu.memory.write32(cpu.writeAddress(i, 4), value);
        else SimdRegisters.setLow32(cpu, i.rm, value);
    }

    public static void movsd(Cpu cpu, Instruction i) {
        long value = SimdRegisters.quad(cpu, i);
        cpu.xmm[2 * i.reg] = value;
        if (i.memory) cpu.xmm[2 * i.reg + 1] = 0;
    }

    public static void movsdStore(Cpu cpu, Instruction i) {
        long value = cpu.xmm[2 * i.reg];
        if (i.memory) cpu.memory.write64(cpu.writeAddress(i, 8), value);
        else cpu.xmm[2 * i.rm] = value;
    }

    public static void movlp(Cpu cpu, Instruction i) {
        cpu.xmm[2 * i.reg] = cpu.memory.read64(cpu.readAddress(i, 8));
    }

    public static void movhp(Cpu cpu, Instruction i) {
        cpu.xmm[2 * i.reg + 1] = cpu.memory.read64(cpu.readAddress(i, 8));
    }

    public static void movlpStore(Cpu cpu, Instruction i) {
        cpu.memory.write64(cpu.writeAddress(i, 8), cpu.xmm[2 * i.reg]);
    }

    public static void movhpStore(Cpu cpu, Instruction i) {
        cpu.memory.write64(cpu.writeAddress(i, 8), cpu.xmm[2 * i.reg + 1]);
    }

    public static void movhlps(Cpu cpu, Instruction i) {
        cpu.xmm[2 * i.reg] = cpu.xmm[2 * i.rm + 1];
    }

    public static void movlhps(Cpu cpu, Instruction i) {
        cpu.xmm[2 * i.reg + 1] = cpu.xmm[2 * i.rm];
    }

    public static void movqXmm(Cpu cpu, Instruction i) {
        SimdRegisters.set(cpu, i.reg, SimdRegisters.quad(cpu, i), 0);
    }

    public static void movqXmmStore(Cpu cpu, Instruction i) {
        long value = cpu.xmm[2 * i.reg];
        if (i.memory) cpu.memory.write64(cpu.writeAddress(i, 8), value);
        else SimdRegisters.set(cpu, i.rm, value, 0);
    }

    // ---- general registers

    public static void movdToXmm(Cpu cpu, Instruction i) {
        long value = i.memory ? cpu.memory.read32(cpu.readAddress(i, 4)) : cpu.gpr[i.rm];
        SimdRegisters.set(cpu, i.reg, value & 0xFFFF_FFFFL, 0);
    }

    public static void movqToXmm(Cpu cpu, Instruction i) {
        long value = i.memory ? cpu.memory.read64(cpu.readAddress(i, 8)) : cpu.gpr[i.rm];
        SimdRegisters.set(cpu, i.reg, value, 0);
    }

    public static int movdFromXmm(long value) {
        return (int) value;
    }

    public static long movqFromXmm(long value) {
        return value;
    }

    public static long movdToMmx(int value) {
        return value & 0xFFFF_FFFFL;
    }

    public static long movqToMmx(long value) {
        return value;
    }

    public static int movdFromMmx(long value) {
        return (int) value;
    }

    public static long movqFromMmx(long value) {
        return value;
    }

    // ---- MMX registers

    public static long movqMmx(long value) {
        return value;
    }

    public static long movqMmxStore(long value) {
        return value;
    }

    public static void movq2dq(Cpu cpu, Instruction i) {
        SimdRegisters.set(cpu, i.reg, SimdRegisters.mmx(cpu, i.rm), 0);
    }

    public static void movdq2q(Cpu cpu, Instruction i) {
        SimdRegisters.setMmx(cpu, i.reg, cpu.xmm[2 * i.rm]);
    }

    // ---- sign masks and single words

    public static void movmskps(Cpu cpu, Instruction i) {
        cpu.reg32(i.reg, singleSigns(cpu.xmm[2 * i.rm]) | singleSigns(cpu.xmm[2 * i.rm + 1]) << 2);
    }

    private static int singleSigns(long pair) {
        return (int) (pair >>> 31) & 1 | (int) (pair >>> 63) << 1;
    }

    public static void movmskpd(Cpu cpu, Instruction i) {
        cpu.reg32(i.reg, (int) (cpu.xmm[2 * i.rm] >>> 63 | cpu.xmm[2 * i.rm + 1] >>> 63 << 1));
    }

    public static void pmovmskb(Cpu cpu, Instruction i) {
        int low = PackedIntegers.pmovmskbMmx(cpu.xmm[2 * i.rm]);
        cpu.reg32(i.reg, low | PackedIntegers.pmovmskbMmx(cpu.xmm[2 * i.rm + 1]) << 8);
    }

    public static int pextrwMmx(long value, int word) {
        return (int) (value >>> 16 * (word & 3)) & 0xFFFF;
    }

    public static void pextrw(Cpu cpu, Instruction i) {
        int word = (int) i.immediate & 7;
        cpu.reg32(i.reg, pextrwMmx(cpu.xmm[2 * i.rm + (word >> 2)], word));
    }

    private static long insert(long value, int word, int inserted) {
        int shift = 16 * (word & 3);
        return value & ~(0xFFFFL << shift) | (inserted & 0xFFFFL) << shift;
    }

    private static int wordOperand(Cpu cpu, Instruction i) {
        return i.memory ? cpu.memory.read16(cpu.readAddress(i, 2)) : (int) cpu.gpr[i.rm];
    }

    public static void pinsrwMmx(Cpu cpu, Instruction i) {
        int word = wordOperand(cpu, i);
        SimdRegisters.setMmx(cpu, i.reg, insert(SimdRegisters.mmx(cpu, i.reg), (int) i.immediate, word));
    }

    public static void pinsrw(Cpu cpu, Instruction i) {
        int half = 2 * i.reg + ((int) i.immediate >> 2 & 1);
        cpu.xmm[half] = insert(cpu.xmm[half], (int) i.immediate, wordOperand(cpu, i));
    }

    // ---- masked stores to the bytes at DS:rDI

    public static void maskmovq(Cpu cpu, Instruction i) {
        long linear = maskedAddress(cpu, i, 8);
        checkMasked(cpu, linear, SimdRegisters.mmx(cpu, i.rm));
        storeMasked(cpu, linear, SimdRegisters.mmx(cpu, i.reg), SimdRegisters.mmx(cpu, i.rm));
    }

    public static void maskmovdqu(Cpu cpu, Instruction i) {
        long linear = maskedAddress(cpu, i, 16);
        checkMasked(cpu, linear, cpu.xmm[2 * i.rm]);
        checkMasked(cpu, linear + 8, cpu.xmm[2 * i.rm + 1]);
        storeMasked(cpu, linear, cpu.xmm[2 * i.reg], cpu.xmm[2 * i.rm]);
        storeMasked(cpu, linear + 8, cpu.xmm[2 * i.reg + 1], cpu.xmm[2 * i.rm + 1]);
    }

    private static long maskedAddress(Cpu cpu, Instruction i, int size) {
        long mask = i.addressSize == 64 ? -1L : i.addressSize == 32 ? 0xFFFF_FFFFL : 0xFFFF;
        int segment = i.segment >= 0 ? i.segment : SegmentRegister.DS;
        return cpu.writeAddress(segment, cpu.gpr[Cpu.RDI] & mask, size);
    }

    private static void checkMasked(Cpu cpu, long linear, long mask) {
        for (int n = 0; n < 8; n++) {
            if ((mask >>> 8 * n + 7 & 1) != 0) cpu.memory.checkWrite(linear + n, 1);
        }
    }

    private static void storeMasked(Cpu cpu, long linear, long value, long mask) {
        for (int n = 0; n < 8; n++) {
            if ((mask >>> 8 * n + 7 & 1) != 0) cpu.memory.write8(linear + n, (int) (value >>> 8 * n) & 0xFF);
        }
    }
}
