package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RCX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/**
 * Near transfers of control: JMP, CALL, RET, LOOP, JCXZ (SDM Vol 2). The target is checked before anything changes: against
 * the CS limit, or for canonical form in 64-bit mode. When a branch executes, {@code cpu.rip} already names the next
 * instruction.
 */
public final class NearBranches {
    private NearBranches() {}

    /** The target truncated to the operand size and checked; throws #GP(0). */
    private static long checked(Cpu cpu, long target, int operandSize) {
        if (operandSize == 64) {
            if (!LinearMemory.canonical(target)) throw cpu.generalProtection(0);
            return target;
        }
        long truncated = target & (operandSize == 32 ? 0xFFFF_FFFFL : 0xFFFFL);
        boolean outside = Long.compareUnsigned(truncated, cpu.segmentLimit[SegmentRegister.CS]) > 0;
        if (outside && cpu.codeSize != 64) throw cpu.generalProtection(0);
        return truncated;
    }

    private static long relative(Cpu cpu, Instruction i) {
        return checked(cpu, cpu.rip + i.immediate, i.operandSize);
    }

    /** A taken relative jump. */
    public static void jump(Cpu cpu, Instruction i) {
        cpu.rip = relative(cpu, i);
    }

    public static void jmp(Cpu cpu, Instruction i) {
        cpu.rip = relative(cpu, i);
    }

    public static void jmpIndirect16(Cpu cpu, int target) {
        cpu.rip = checked(cpu, target, 16);
    }

    public static void jmpIndirect32(Cpu cpu, int target) {
        cpu.rip = checked(cpu, target, 32);
    }

    public static void jmpIndirect64(Cpu cpu, long target) {
        cpu.rip = checked(cpu, target, 64);
    }

    public static void call(Cpu cpu, Instruction i) {
        long target = relative(cpu, i);
        StackAccess.push(cpu, i.operandSize, cpu.rip);
        cpu.rip = target;
    }

    public static void callIndirect16(Cpu cpu, int target) {
        long checked = checked(cpu, target, 16);
        StackAccess.push16(cpu, (int) cpu.rip);
        cpu.rip = checked;
    }

    public static void callIndirect32(Cpu cpu, int target) {
        long checked = checked(cpu, target, 32);
        StackAccess.push32(cpu, (int) cpu.rip);
        cpu.rip = checked;
    }

    public static void callIndirect64(Cpu cpu, long target) {
        long checked = checked(cpu, target, 64);
        StackAccess.push64(cpu, cpu.rip);
        cpu.rip = checked;
    }

    /** RET, and RET with the number of bytes to release as immediate. */
    public static void ret(Cpu cpu, Instruction i) {
        int bytes = i.operandSize / 8;
        long top = cpu.gpr[Cpu.RSP] & cpu.stackMask;
        long target = OperandAccess.load(cpu, StackAccess.readAddress(cpu, top, bytes), i.operandSize);
        cpu.rip = checked(cpu, target, i.operandSize);
        StackAccess.pointer(cpu, StackAccess.moved(cpu, bytes + (i.immediate & 0xFFFF)));
    }

    /** rCX of the address size, decremented by one but not yet stored. */
    private static long decremented(Cpu cpu, Instruction i) {
        return cpu.gpr[RCX] - 1 & i.addressMask();
    }

    private static void loop(Cpu cpu, Instruction i, boolean condition) {
        long count = decremented(cpu, i);
        if (count != 0 && condition) cpu.rip = relative(cpu, i);
        cpu.reg(RCX, i.addressSize, count);
    }

    public static void loop(Cpu cpu, Instruction i) {
        loop(cpu, i, true);
    }

    public static void loope(Cpu cpu, Instruction i) {
        loop(cpu, i, Conditions.isE(cpu));
    }

    public static void loopne(Cpu cpu, Instruction i) {
        loop(cpu, i, Conditions.isNe(cpu));
    }

    public static void jcxz(Cpu cpu, Instruction i) {
        if ((cpu.gpr[RCX] & i.addressMask()) == 0) cpu.rip = relative(cpu, i);
    }

    public static void undefinedOpcode(Cpu cpu) {
        throw cpu.undefinedOpcode();
    }

    /** An instruction longer than 15 bytes raises #GP(0) (SDM Vol 2A §2.3.11). */
    public static void instructionTooLong(Cpu cpu) {
        throw cpu.raise(GuestException.GENERAL_PROTECTION, 0);
    }
}
