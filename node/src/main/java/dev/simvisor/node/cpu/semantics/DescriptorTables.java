package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.SegmentRegister.LDTR;
import static dev.simvisor.node.cpu.SegmentRegister.TR;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.system.DescriptorInspection;
import dev.simvisor.node.cpu.system.Segmentation;

/** Instructions that load, store or inspect descriptor tables and descriptors. */
public final class DescriptorTables {
    private static final long BASE_24_BIT = 0xFF_FFFFL;

    private DescriptorTables() {}

    // ---- GDTR and IDTR: a 16-bit limit, then a base of 32 bits, or of 64 in 64-bit mode

    public static void sgdt(Cpu cpu, Instruction i) {
        store(cpu, i, cpu.gdtrLimit, cpu.gdtrBase);
    }

    public static void sidt(Cpu cpu, Instruction i) {
        store(cpu, i, cpu.idtrLimit, cpu.idtrBase);
    }

    private static void store(Cpu cpu, Instruction i, int limit, long base) {
        int baseSize = cpu.codeSize == 64 ? 64 : 32;
        int bytes = 2 + baseSize / 8;
        long linear = cpu.writeAddress(i, bytes);
        cpu.memory.checkWrite(linear, bytes);
        cpu.memory.write16(linear, limit);
        OperandAccess.store(cpu, wrapped(cpu, linear + 2), baseSize, base);
    }

    public static void lgdt(Cpu cpu, Instruction i) {
        long base = tableBase(cpu, i);
        cpu.gdtrLimit = tableLimit(cpu, i);
        cpu.gdtrBase = base;
    }

    public static void lidt(Cpu cpu, Instruction i) {
        long base = tableBase(cpu, i);
        cpu.idtrLimit = tableLimit(cpu, i);
        cpu.idtrBase = base;
    }

    private static int tableLimit(Cpu cpu, Instruction i) {
        return cpu.memory.read16(cpu.readAddress(i, cpu.codeSize == 64 ? 10 : 6));
    }

    private static long tableBase(Cpu cpu, Instruction i) {
        Privilege.requireKernel(cpu);
        tableLimit(cpu, i);
        if (cpu.codeSize == 64) {
            long base = cpu.memory.read64(cpu.readAddress(i, 10) + 2);
            if (!LinearMemory.canonical(base)) throw cpu.generalProtection(0);
            return base;
        }
        long base = cpu.memory.read32(wrapped(cpu, cpu.readAddress(i, 6) + 2)) & 0xFFFF_FFFFL;
        return i.operandSize == 16 ? base & BASE_24_BIT : base;
    }

    private static long wrapped(Cpu cpu, long linear) {
        return cpu.codeSize == 64 ? linear : linear & 0xFFFF_FFFFL;
    }

    // ---- LDTR and TR

    public static void sldt(Cpu cpu, Instruction i) {
        storeSelector(cpu, i, cpu.selector[LDTR]);
    }

    public static void str(Cpu cpu, Instruction i) {
        storeSelector(cpu, i, cpu.selector[TR]);
    }

    private static void storeSelector(Cpu cpu, Instruction i, int selector) {
        if (i.memory) cpu.memory.write16(cpu.writeAddress(i, 2), selector);
        else cpu.reg(i.rm, i.operandSize, selector);
    }

    public static void lldt(Cpu cpu, Instruction i) {
        Privilege.requireKernel(cpu);
        Segmentation.loadLdtr(cpu, (int) OperandAccess.readRm(cpu, i, 16));
    }

    public static void ltr(Cpu cpu, Instruction i) {
        Privilege.requireKernel(cpu);
        Segmentation.loadTr(cpu, (int) OperandAccess.readRm(cpu, i, 16));
    }

    // ---- inspection: the answer is in ZF

    public static void lar(Cpu cpu, Instruction i) {
        inspect(cpu, i, DescriptorInspection.accessRights(cpu, (int) OperandAccess.readRm(cpu, i, 16)));
    }

    public static void lsl(Cpu cpu, Instruction i) {
        inspect(cpu, i, DescriptorInspection.limit(cpu, (int) OperandAccess.readRm(cpu, i, 16)));
    }

    private static void inspect(Cpu cpu, Instruction i, long answer) {
        boolean found = answer != DescriptorInspection.NOTHING;
        if (found) cpu.reg(i.reg, i.operandSize, answer);
        zeroFlag(cpu, found);
    }

    public static void verr(Cpu cpu, Instruction i) {
        zeroFlag(cpu, DescriptorInspection.readable(cpu, (int) OperandAccess.readRm(cpu, i, 16)));
    }

    public static void verw(Cpu cpu, Instruction i) {
        zeroFlag(cpu, DescriptorInspection.writable(cpu, (int) OperandAccess.readRm(cpu, i, 16)));
    }

    /** Raises the destination's RPL to the source's. */
    public static void arpl(Cpu cpu, Instruction i) {
        int destination = (int) OperandAccess.readRm(cpu, i, 16);
        int privilege = cpu.reg16(i.reg) & 3;
        boolean adjusted = (destination & 3) < privilege;
        if (adjusted) OperandAccess.writeRm(cpu, i, 16, destination & ~3 | privilege);
        zeroFlag(cpu, adjusted);
    }

    private static void zeroFlag(Cpu cpu, boolean set) {
        int flags = cpu.rflags() & ~Flags.ZF;
        cpu.arithmeticFlags(set ? flags | Flags.ZF : flags);
    }
}
