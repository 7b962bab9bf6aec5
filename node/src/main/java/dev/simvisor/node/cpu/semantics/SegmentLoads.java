package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RSP;
import static dev.simvisor.node.cpu.SegmentRegister.DS;
import static dev.simvisor.node.cpu.SegmentRegister.ES;
import static dev.simvisor.node.cpu.SegmentRegister.FS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;
import static dev.simvisor.node.cpu.SegmentRegister.SS;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.system.Segmentation;

/** MOV, PUSH and POP of segment registers, and loads of far pointers (SDM Vol 2). */
public final class SegmentLoads {
    private SegmentLoads() {}

    /** Memory receives 16 bits whatever the operand size; a register the zero-extended selector. */
    public static void movFromSegment(Cpu cpu, Instruction i) {
        int selector = cpu.selector[i.reg];
        if (i.memory) cpu.memory.write16(cpu.writeAddress(i, 2), selector);
        else cpu.reg(i.rm, i.operandSize, selector);
    }

    public static void movToSegment(Cpu cpu, Instruction i) {
        Segmentation.load(cpu, i.reg, (int) OperandAccess.readRm(cpu, i, 16));
        if (i.reg == SS) holdOffInterrupts(cpu);
    }

    /** MOV and POP to SS hold off interrupts and debug traps, so that the stack pointer can follow (SDM Vol 3A §6.8.3). */
    private static void holdOffInterrupts(Cpu cpu) {
        cpu.interruptShadow = true;
        cpu.debugShadow = true;
        cpu.attention = true;
    }

    /** Of a 32-bit slot recent processors write the lower half only (SDM Vol 2B PUSH). */
    public static void pushSegment(Cpu cpu, Instruction i) {
        StackAccess.push(cpu, i.operandSize, cpu.selector[i.reg]);
    }

    /** The stack pointer moves by the width that the old SS gives it, and only if the load succeeds. */
    public static void popSegment(Cpu cpu, Instruction i) {
        long before = cpu.gpr[RSP];
        int selector = (int) StackAccess.pop(cpu, i.operandSize) & 0xFFFF;
        long after = cpu.gpr[RSP];
        cpu.gpr[RSP] = before;
        Segmentation.load(cpu, i.reg, selector);
        cpu.gpr[RSP] = after;
        if (i.reg == SS) holdOffInterrupts(cpu);
    }

    public static void les(Cpu cpu, Instruction i) {
        loadFarPointer(cpu, i, ES);
    }

    public static void lds(Cpu cpu, Instruction i) {
        loadFarPointer(cpu, i, DS);
    }

    public static void lss(Cpu cpu, Instruction i) {
        loadFarPointer(cpu, i, SS);
    }

    public static void lfs(Cpu cpu, Instruction i) {
        loadFarPointer(cpu, i, FS);
    }

    public static void lgs(Cpu cpu, Instruction i) {
        loadFarPointer(cpu, i, GS);
    }

    private static void loadFarPointer(Cpu cpu, Instruction i, int segment) {
        long offset = FarTransfers.pointerOffset(cpu, i);
        Segmentation.load(cpu, segment, FarTransfers.pointerSelector(cpu, i));
        cpu.reg(i.reg, i.operandSize, offset);
    }
}
