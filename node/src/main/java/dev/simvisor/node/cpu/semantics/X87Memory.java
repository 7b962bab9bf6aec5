package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;

/** Numbers in memory as x87 instructions read and write them. */
final class X87Memory {
    private X87Memory() {}

    /** The bits of a single, zero-extended. */
    static long readSingle(Cpu cpu, Instruction i) {
        return cpu.memory.read32(cpu.readAddress(i, 4)) & 0xFFFF_FFFFL;
    }

    static long readDouble(Cpu cpu, Instruction i) {
        return cpu.memory.read64(cpu.readAddress(i, 8));
    }

    static long readInt16(Cpu cpu, Instruction i) {
        return (short) cpu.memory.read16(cpu.readAddress(i, 2));
    }

    static long readInt32(Cpu cpu, Instruction i) {
        return cpu.memory.read32(cpu.readAddress(i, 4));
    }

    static long readInt64(Cpu cpu, Instruction i) {
        return cpu.memory.read64(cpu.readAddress(i, 8));
    }

    /** Linear address of an operand that is written later; a store to it will not fault. */
    static long storeAddress(Cpu cpu, Instruction i, int size) {
        long linear = size > 16 ? cpu.writeRange(i, size) : cpu.writeAddress(i, size);
        cpu.memory.checkWrite(linear, size);
        return linear;
    }

    static void write(Cpu cpu, long linear, int size, long value) {
        switch (size) {
            case 2 -> cpu.memory.write16(linear, (int) value & 0xFFFF);
            case 4 -> cpu.memory.write32(linear, (int) value);
            default -> cpu.memory.write64(linear, value);
        }
    }

    static void writeExtended(Cpu cpu, long linear, int signExponent, long significand) {
        cpu.memory.write64(linear, significand);
        cpu.memory.write16(linear + 8, signExponent);
    }
}
