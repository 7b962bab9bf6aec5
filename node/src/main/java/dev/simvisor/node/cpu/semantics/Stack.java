package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RBP;
import static dev.simvisor.node.cpu.Cpu.RSP;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;

/** Instructions of the stack but for flags and segment registers: PUSH, POP, PUSHA, POPA, ENTER, LEAVE. */
public final class Stack {
    private static final int GENERAL_REGISTERS = 8;

    private Stack() {}

    public static void push16(Cpu cpu, int value) {
        StackAccess.push16(cpu, value);
    }

    public static void push32(Cpu cpu, int value) {
        StackAccess.push32(cpu, value);
    }

    public static void push64(Cpu cpu, long value) {
        StackAccess.push64(cpu, value);
    }

    public static int pop16(Cpu cpu) {
        return StackAccess.pop16(cpu);
    }

    public static int pop32(Cpu cpu) {
        return StackAccess.pop32(cpu);
    }

    public static long pop64(Cpu cpu) {
        return StackAccess.pop64(cpu);
    }

    /**
     * POP into r/m: an address that uses rSP is computed after rSP has moved (SDM Vol 2B POP). A fault of the store restores
     * rSP.
     */
    public static void popRm(Cpu cpu, Instruction i) {
        long before = cpu.gpr[RSP];
        long value = StackAccess.pop(cpu, i.operandSize);
        if (!i.memory) {
            cpu.reg(i.rm, i.operandSize, value);
            return;
        }
        long after = cpu.gpr[RSP];
        long address = cpu.effectiveAddress(i);
        cpu.gpr[RSP] = before;
        long linear = cpu.writeAddress(i.segment, address, i.operandSize / 8);
        OperandAccess.store(cpu, linear, i.operandSize, value);
        cpu.gpr[RSP] = after;
    }

    /** All eight registers, the stack pointer as it was before. */
    public static void pusha(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        int bytes = size / 8;
        for (int n = 1; n <= GENERAL_REGISTERS; n++) {
            cpu.memory.checkWrite(
                    StackAccess.writeAddress(cpu, StackAccess.moved(cpu, -(long) n * bytes), bytes), bytes);
        }
        long original = cpu.gpr[RSP];
        for (int register = 0; register < GENERAL_REGISTERS; register++) {
            StackAccess.push(cpu, size, register == RSP ? original : cpu.gpr[register]);
        }
    }

    public static void popa(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        int bytes = size / 8;
        // First and last word are read first: whatever could fault has faulted before a register changes.
        OperandAccess.load(cpu, StackAccess.readAddress(cpu, StackAccess.moved(cpu, 0), bytes), size);
        OperandAccess.load(cpu, StackAccess.readAddress(cpu, StackAccess.moved(cpu, 7L * bytes), bytes), size);
        for (int register = GENERAL_REGISTERS - 1; register >= 0; register--) {
            long value = StackAccess.pop(cpu, size);
            if (register != RSP) cpu.reg(register, size, value);
        }
    }

    public static void leave(Cpu cpu, Instruction i) {
        long frame = cpu.gpr[RBP] & cpu.stackMask;
        int bytes = i.operandSize / 8;
        long saved = OperandAccess.load(cpu, StackAccess.readAddress(cpu, frame, bytes), i.operandSize);
        StackAccess.pointer(cpu, frame + bytes);
        cpu.reg(RBP, i.operandSize, saved);
    }

    /** SDM Vol 2A ENTER: {@code immediate} bytes of locals, {@code immediate2} levels of display. */
    public static void enter(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        int bytes = size / 8;
        int level = i.immediate2 & 31;
        long locals = i.immediate & 0xFFFF;
        long before = cpu.gpr[RSP];
        long finalTop = StackAccess.moved(cpu, -(long) bytes * (level == 0 ? 1 : level + 1) - locals);
        // A write at the final top must be possible, although nothing is written there.
        cpu.memory.checkWrite(StackAccess.writeAddress(cpu, finalTop, bytes), bytes);
        try {
            StackAccess.push(cpu, size, cpu.gpr[RBP]);
            long frame = cpu.gpr[RSP] & cpu.stackMask;
            for (int n = 1; n < level; n++) {
                long display = cpu.gpr[RBP] - (long) n * bytes & cpu.stackMask;
                StackAccess.push(
                        cpu, size, OperandAccess.load(cpu, StackAccess.readAddress(cpu, display, bytes), size));
            }
            if (level > 0) StackAccess.push(cpu, size, frame);
            cpu.reg(RBP, size, frame);
        } catch (RuntimeException fault) {
            cpu.gpr[RSP] = before;
            throw fault;
        }
        StackAccess.pointer(cpu, finalTop);
    }
}
