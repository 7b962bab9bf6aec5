package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;

/** Operands for semantics in instruction style. Sizes are in bits; values are zero-extended. */
final class OperandAccess {
    private OperandAccess() {}

    static long load(Cpu cpu, long linear, int size) {
        return switch (size) {
            case 8 -> cpu.memory.read8(linear);
            case 16 -> cpu.memory.read16(linear);
            case 32 -> cpu.memory.read32(linear) & 0xFFFF_FFFFL;
            default -> cpu.memory.read64(linear);
        };
    }

    static void store(Cpu cpu, long linear, int size, long value) {
        switch (size) {
            case 8 -> cpu.memory.write8(linear, (int) value);
            case 16 -> cpu.memory.write16(linear, (int) value);
            case 32 -> cpu.memory.write32(linear, (int) value);
            default -> cpu.memory.write64(linear, value);
        }
    }

    static long register(Cpu cpu, int operand, int size) {
        return size == 8 ? cpu.reg8(operand) : cpu.reg(operand, size);
    }

    static void register(Cpu cpu, int operand, int size, long value) {
        if (size == 8) cpu.reg8(operand, (int) value);
        else cpu.reg(operand, size, value);
    }

    static long readRm(Cpu cpu, Instruction i, int size) {
        return i.memory ? load(cpu, cpu.readAddress(i, size / 8), size) : register(cpu, i.rm, size);
    }

    static void writeRm(Cpu cpu, Instruction i, int size, long value) {
        if (i.memory) store(cpu, cpu.writeAddress(i, size / 8), size, value);
        else register(cpu, i.rm, size, value);
    }

    /** Reads an operand that will be written: faults now, as a write would. */
    static long readRmForUpdate(Cpu cpu, Instruction i, int size) {
        if (!i.memory) return register(cpu, i.rm, size);
        long linear = cpu.writeAddress(i, size / 8);
        cpu.memory.checkWrite(linear, size / 8);
        return load(cpu, linear, size);
    }
}
