package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDI;
import static dev.simvisor.node.cpu.Cpu.RDX;
import static dev.simvisor.node.cpu.Cpu.RSI;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.system.PortAccess;

/**
 * IN, OUT, INS and OUTS. Ports are 8, 16 or 32 bits wide. A repeated INS or OUTS does one iteration at a time: each is a
 * device access, after which interrupts are looked at.
 */
public final class PortIo {
    private PortIo() {}

    public static void in(Cpu cpu, Instruction i) {
        readPort(cpu, i, (int) i.immediate & 0xFF);
    }

    public static void inDx(Cpu cpu, Instruction i) {
        readPort(cpu, i, cpu.reg16(RDX));
    }

    private static void readPort(Cpu cpu, Instruction i, int port) {
        int size = size(i);
        OperandAccess.register(cpu, RAX, size, PortAccess.read(cpu, port, size / 8) & 0xFFFF_FFFFL);
    }

    public static void out(Cpu cpu, Instruction i) {
        writePort(cpu, i, (int) i.immediate & 0xFF);
    }

    public static void outDx(Cpu cpu, Instruction i) {
        writePort(cpu, i, cpu.reg16(RDX));
    }

    private static void writePort(Cpu cpu, Instruction i, int port) {
        int size = size(i);
        PortAccess.write(cpu, port, size / 8, (int) OperandAccess.register(cpu, RAX, size));
    }

    public static void ins(Cpu cpu, Instruction i) {
        int size = size(i);
        int port = cpu.reg16(RDX);
        PortAccess.check(cpu, port, size / 8);
        if (finished(cpu, i)) return;
        long linear = cpu.writeAddress(SegmentRegister.ES, cpu.gpr[RDI] & i.addressMask(), size / 8);
        cpu.memory.checkWrite(linear, size / 8);
        OperandAccess.store(cpu, linear, size, PortAccess.read(cpu, port, size / 8));
        advance(cpu, i, RDI, size / 8);
    }

    public static void outs(Cpu cpu, Instruction i) {
        int size = size(i);
        int port = cpu.reg16(RDX);
        PortAccess.check(cpu, port, size / 8);
        if (finished(cpu, i)) return;
        long linear = cpu.readAddress(i.segment, cpu.gpr[RSI] & i.addressMask(), size / 8);
        PortAccess.write(cpu, port, size / 8, (int) OperandAccess.load(cpu, linear, size));
        advance(cpu, i, RSI, size / 8);
    }

    private static boolean finished(Cpu cpu, Instruction i) {
        return i.repeat != Instruction.NO_PREFIX && (cpu.gpr[RCX] & i.addressMask()) == 0;
    }

    /** Moves the index register and, when repeated, counts down; with a count left the instruction is next again. */
    private static void advance(Cpu cpu, Instruction i, int index, int bytes) {
        long step = cpu.directionDown() ? -bytes : bytes;
        cpu.reg(index, i.addressSize, cpu.gpr[index] + step);
        if (i.repeat == Instruction.NO_PREFIX) return;
        cpu.reg(RCX, i.addressSize, cpu.gpr[RCX] - 1);
        if ((cpu.gpr[RCX] & i.addressMask()) != 0) cpu.rip = cpu.currentRip(i);
    }

    /** There are no 64-bit ports: REX.W leaves 32. */
    private static int size(Instruction i) {
        return Math.min(i.operandSize, 32);
    }
}
