package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.decode.Instruction;

/**
 * Bit test, bit scan and population count (SDM Vol 2A BSF, BSR, BT to BTS; 2B POPCNT). The bit tests change C alone. With a
 * register offset and a memory operand, the operand is a string of bits that reaches 2^63 bits either way from its address.
 */
public final class BitOperations {
    private BitOperations() {}

    private static final int TEST = 0;
    private static final int SET = 1;
    private static final int RESET = 2;
    private static final int COMPLEMENT = 3;

    private static void carry(Cpu cpu, long value, long bit) {
        cpu.flagAux = Flags.withCarry(cpu.flagAux, (int) (value >>> bit) & 1);
    }

    private static long changed(long value, long mask, int change) {
        return switch (change) {
            case SET -> value | mask;
            case RESET -> value & ~mask;
            case COMPLEMENT -> value ^ mask;
            default -> value;
        };
    }

    private static void bitString(Cpu cpu, Instruction i, int change) {
        int size = i.operandSize;
        long offset = cpu.gpr[i.reg];
        long bit = offset & size - 1;
        if (!i.memory) {
            long value = cpu.reg(i.rm, size);
            if (change != TEST) cpu.reg(i.rm, size, changed(value, 1L << bit, change));
            carry(cpu, value, bit);
            return;
        }
        long signedOffset = size == 64 ? offset : size == 32 ? (int) offset : (short) offset;
        long address = cpu.effectiveAddress(i) + ((signedOffset & -size) >> 3) & i.addressMask();
        if (change == TEST) {
            carry(cpu, OperandAccess.load(cpu, cpu.readAddress(i.segment, address, size / 8), size), bit);
            return;
        }
        long linear = cpu.writeAddress(i.segment, address, size / 8);
        cpu.memory.checkWrite(linear, size / 8);
        long value = OperandAccess.load(cpu, linear, size);
        OperandAccess.store(cpu, linear, size, changed(value, 1L << bit, change));
        carry(cpu, value, bit);
    }

    public static void bt(Cpu cpu, Instruction i) {
        bitString(cpu, i, TEST);
    }

    public static void bts(Cpu cpu, Instruction i) {
        bitString(cpu, i, SET);
    }

    public static void btr(Cpu cpu, Instruction i) {
        bitString(cpu, i, RESET);
    }

    public static void btc(Cpu cpu, Instruction i) {
        bitString(cpu, i, COMPLEMENT);
    }

    public static void btImmediate16(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 15);
    }

    public static void btImmediate32(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 31);
    }

    public static void btImmediate64(Cpu cpu, long a, long bit) {
        carry(cpu, a, bit & 63);
    }

    public static int btsImmediate16(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 15);
        return a | 1 << (bit & 15);
    }

    public static int btsImmediate32(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 31);
        return a | 1 << bit;
    }

    public static long btsImmediate64(Cpu cpu, long a, long bit) {
        carry(cpu, a, bit & 63);
        return a | 1L << bit;
    }

    public static int btrImmediate16(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 15);
        return a & ~(1 << (bit & 15));
    }

    public static int btrImmediate32(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 31);
        return a & ~(1 << bit);
    }

    public static long btrImmediate64(Cpu cpu, long a, long bit) {
        carry(cpu, a, bit & 63);
        return a & ~(1L << bit);
    }

    public static int btcImmediate16(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 15);
        return a ^ 1 << (bit & 15);
    }

    public static int btcImmediate32(Cpu cpu, int a, int bit) {
        carry(cpu, a, bit & 31);
        return a ^ 1 << bit;
    }

    public static long btcImmediate64(Cpu cpu, long a, long bit) {
        carry(cpu, a, bit & 63);
        return a ^ 1L << bit;
    }

    /** Z tells of a zero source; the destination then keeps all its bits, as the manual's AMD counterpart promises. */
    public static void bsf(Cpu cpu, Instruction i) {
        long source = OperandAccess.readRm(cpu, i, i.operandSize);
        if (source != 0) cpu.reg(i.reg, i.operandSize, Long.numberOfTrailingZeros(source));
        scanFlags(cpu, source);
    }

    public static void bsr(Cpu cpu, Instruction i) {
        long source = OperandAccess.readRm(cpu, i, i.operandSize);
        if (source != 0) cpu.reg(i.reg, i.operandSize, 63 - Long.numberOfLeadingZeros(source));
        scanFlags(cpu, source);
    }

    private static void scanFlags(Cpu cpu, long source) {
        cpu.flagResult = source == 0 ? 0 : 1;
        cpu.flagAux = 0;
    }

    /** Clears all flags but Z. */
    public static long popcnt(Cpu cpu, long source) {
        // P of a zero result would be set: the delta makes the low byte's parity odd.
        cpu.flagResult = source == 0 ? 0 : 1;
        cpu.flagAux = source == 0 ? 1 << 8 : 0;
        return Long.bitCount(source);
    }
}
