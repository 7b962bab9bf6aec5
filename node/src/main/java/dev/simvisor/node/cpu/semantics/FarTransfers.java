package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.system.FarTransfer;
import dev.simvisor.node.cpu.system.InterruptReturn;

/** Control transfers that load CS: far JMP, CALL and RET, and IRET. */
public final class FarTransfers {
    private FarTransfers() {}

    public static void jmpFar(Cpu cpu, Instruction i) {
        FarTransfer.jump(cpu, i.secondImmediate(), immediateOffset(i), cpu.nextRip(i));
    }

    public static void jmpFarIndirect(Cpu cpu, Instruction i) {
        long offset = pointerOffset(cpu, i);
        FarTransfer.jump(cpu, pointerSelector(cpu, i), offset, cpu.nextRip(i));
    }

    public static void callFar(Cpu cpu, Instruction i) {
        FarTransfer.call(cpu, i.secondImmediate(), immediateOffset(i), i.operandSize, cpu.nextRip(i));
    }

    public static void callFarIndirect(Cpu cpu, Instruction i) {
        long offset = pointerOffset(cpu, i);
        FarTransfer.call(cpu, pointerSelector(cpu, i), offset, i.operandSize, cpu.nextRip(i));
    }

    public static void retf(Cpu cpu, Instruction i) {
        FarTransfer.ret(cpu, i.operandSize, (int) i.immediate & 0xFFFF);
    }

    public static void iret(Cpu cpu, Instruction i) {
        InterruptReturn.iret(cpu, i.operandSize, cpu.nextRip(i));
    }

    private static long immediateOffset(Instruction i) {
        return i.operandSize == 16 ? i.immediate & 0xFFFF : i.immediate & 0xFFFF_FFFFL;
    }

    /** The offset of a far pointer in memory, which precedes the selector. */
    static long pointerOffset(Cpu cpu, Instruction i) {
        return OperandAccess.load(cpu, cpu.readAddress(i, i.operandSize / 8 + 2), i.operandSize);
    }

    static int pointerSelector(Cpu cpu, Instruction i) {
        int bytes = i.operandSize / 8;
        long linear = cpu.readAddress(i, bytes + 2) + bytes;
        return cpu.memory.read16(cpu.codeSize == 64 ? linear : linear & 0xFFFF_FFFFL);
    }
}
