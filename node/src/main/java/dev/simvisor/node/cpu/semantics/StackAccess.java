package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RSP;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/**
 * Single pushes and pops (SDM Vol 1 §6.2): SS:rSP, with the width of the stack pointer from SS.B or 64-bit mode. The stack
 * pointer moves only after the memory access has succeeded.
 */
public final class StackAccess {
    private StackAccess() {}

    /** Linear address for a read of {@code size} bytes at {@code offset} in the stack segment. */
    public static long readAddress(Cpu cpu, long offset, int size) {
        if (cpu.codeSize != 64) return cpu.readAddress(SegmentRegister.SS, offset, size);
        if (!LinearMemory.canonical(offset)) throw cpu.raise(GuestException.STACK_FAULT, 0);
        return offset;
    }

    public static long writeAddress(Cpu cpu, long offset, int size) {
        if (cpu.codeSize != 64) return cpu.writeAddress(SegmentRegister.SS, offset, size);
        if (!LinearMemory.canonical(offset)) throw cpu.raise(GuestException.STACK_FAULT, 0);
        return offset;
    }

    /** The stack pointer moved by {@code delta}, within its width. */
    public static long moved(Cpu cpu, long delta) {
        return cpu.gpr[RSP] + delta & cpu.stackMask;
    }

    /** Sets the stack pointer's bits that count; 16-bit stacks keep the rest of ESP. */
    public static void pointer(Cpu cpu, long value) {
        cpu.gpr[RSP] = cpu.stackSize == 16 ? cpu.gpr[RSP] & ~0xFFFFL | value & 0xFFFF : value & cpu.stackMask;
    }

    public static void push16(Cpu cpu, int value) {
        long top = moved(cpu, -2);
        cpu.memory.write16(writeAddress(cpu, top, 2), value);
        pointer(cpu, top);
    }

    public static void push32(Cpu cpu, int value) {
        long top = moved(cpu, -4);
        cpu.memory.write32(writeAddress(cpu, top, 4), value);
        pointer(cpu, top);
    }

    public static void push64(Cpu cpu, long value) {
        long top = moved(cpu, -8);
        cpu.memory.write64(writeAddress(cpu, top, 8), value);
        pointer(cpu, top);
    }

    public static int pop16(Cpu cpu) {
        int value = cpu.memory.read16(readAddress(cpu, cpu.gpr[RSP] & cpu.stackMask, 2));
        pointer(cpu, moved(cpu, 2));
        return value;
    }

    public static int pop32(Cpu cpu) {
        int value = cpu.memory.read32(readAddress(cpu, cpu.gpr[RSP] & cpu.stackMask, 4));
        pointer(cpu, moved(cpu, 4));
        return value;
    }

    public static long pop64(Cpu cpu) {
        long value = cpu.memory.read64(readAddress(cpu, cpu.gpr[RSP] & cpu.stackMask, 8));
        pointer(cpu, moved(cpu, 8));
        return value;
    }

    /** Pushes {@code size} (16, 32 or 64) bits. */
    public static void push(Cpu cpu, int size, long value) {
        if (size == 64) push64(cpu, value);
        else if (size == 32) push32(cpu, (int) value);
        else push16(cpu, (int) value);
    }

    /** Pops {@code size} (16, 32 or 64) bits, zero-extended. */
    public static long pop(Cpu cpu, int size) {
        if (size == 64) return pop64(cpu);
        return size == 32 ? pop32(cpu) & 0xFFFF_FFFFL : pop16(cpu);
    }
}
