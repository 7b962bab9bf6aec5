package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDX;
import static dev.simvisor.node.cpu.SegmentRegister.GS;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.nonroot.Intercepts;
import dev.simvisor.node.cpu.system.ControlRegisters;
import dev.simvisor.node.cpu.system.DebugRegisters;
import dev.simvisor.node.cpu.system.MsrAccess;

/** Control, debug and model-specific registers, counters, and the instructions that act on TLB and caches. */
public final class SystemRegisters {
    private SystemRegisters() {}

    // ---- control registers. MOV's operands are 64 bits wide in 64-bit mode, else 32.

    public static void movFromControl(Cpu cpu, Instruction i) {
        Privilege.requireKernel(cpu);
        cpu.reg(i.rm, registerSize(cpu), ControlRegisters.read(cpu, i.reg));
    }

    public static void movToControl(Cpu cpu, Instruction i) {
        Privilege.requireKernel(cpu);
        ControlRegisters.write(cpu, i.reg, cpu.reg(i.rm, registerSize(cpu)));
    }

    private static int registerSize(Cpu cpu) {
        return cpu.codeSize == 64 ? 64 : 32;
    }

    public static void smsw(Cpu cpu, Instruction i) {
        if (i.memory) cpu.memory.write16(cpu.writeAddress(i, 2), (int) ControlRegisters.visibleCr0(cpu) & 0xFFFF);
        else cpu.reg(i.rm, i.operandSize, ControlRegisters.visibleCr0(cpu));
    }

    public static void lmsw(Cpu cpu, Instruction i) {
        Privilege.requireKernel(cpu);
        int value = (int) OperandAccess.readRm(cpu, i, 16);
        Intercepts.checkMachineStatusWord(cpu, i, value);
        ControlRegisters.loadMachineStatusWord(cpu, value);
    }

    public static void clts(Cpu cpu) {
        Privilege.requireKernel(cpu);
        ControlRegisters.clearTaskSwitched(cpu);
    }

    // ---- debug registers

    public static void movFromDebug(Cpu cpu, Instruction i) {
        cpu.reg(i.rm, registerSize(cpu), DebugRegisters.read(cpu, i.reg));
    }

    public static void movToDebug(Cpu cpu, Instruction i) {
        DebugRegisters.write(cpu, i.reg, cpu.reg(i.rm, registerSize(cpu)));
    }

    // ---- TLB and caches

    public static void invlpg(Cpu cpu, Instruction i) {
        Privilege.requireKernel(cpu);
        long linear = cpu.effectiveBase[i.segment] + cpu.effectiveAddress(i);
        cpu.memory.invalidatePage(cpu.codeSize == 64 ? linear : linear & 0xFFFF_FFFFL);
    }

    /** Memory is always coherent here: there is nothing to drop. */
    public static void invd(Cpu cpu) {
        Privilege.requireKernel(cpu);
    }

    /** Memory is always coherent here: there is nothing to write back. */
    public static void wbinvd(Cpu cpu) {
        Privilege.requireKernel(cpu);
    }

    // ---- model-specific registers: ECX names it, EDX:EAX is its value

    public static void rdmsr(Cpu cpu) {
        Privilege.requireKernel(cpu);
        split(cpu, MsrAccess.read(cpu, cpu.reg32(RCX)));
    }

    public static void wrmsr(Cpu cpu) {
        Privilege.requireKernel(cpu);
        MsrAccess.write(cpu, cpu.reg32(RCX), cpu.reg(RDX, 32) << 32 | cpu.reg(RAX, 32));
    }

    private static void split(Cpu cpu, long value) {
        cpu.reg32(RAX, (int) value);
        cpu.reg32(RDX, (int) (value >>> 32));
    }

    public static void swapgs(Cpu cpu) {
        Privilege.requireKernel(cpu);
        long base = cpu.segmentBase[GS];
        cpu.segmentBase[GS] = cpu.msr.kernelGsBase;
        cpu.msr.kernelGsBase = base;
        cpu.updateSegment(GS);
    }

    // ---- counters

    public static void rdtsc(Cpu cpu) {
        requireTimeStamp(cpu);
        split(cpu, MsrAccess.timestamp(cpu));
    }

    public static void rdtscp(Cpu cpu) {
        requireTimeStamp(cpu);
        split(cpu, MsrAccess.timestamp(cpu));
        cpu.reg32(RCX, (int) cpu.msr.tscAux);
    }

    private static void requireTimeStamp(Cpu cpu) {
        if (cpu.cpl != 0 && (cpu.cr4 & ControlRegister.CR4_TSD) != 0) throw cpu.generalProtection(0);
    }

    /** There are no performance counters, so that ECX always names one that does not exist. */
    public static void rdpmc(Cpu cpu) {
        throw cpu.generalProtection(0);
    }
}
