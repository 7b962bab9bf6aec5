package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/** x87 control instructions: control and status words, stack pointer, initialization, waiting. */
public final class X87Control {
    /** The bits of the control word that can be written; bit 6 always reads as one. */
    private static final int WRITABLE_CONTROL = 0x1F3F;

    private static final int FIXED_CONTROL = 0x40;

    private X87Control() {}

    public static void fnop(Cpu cpu, Instruction i) {
        if (i.row.opcode().code() == 0xD9) X87.track(cpu, i);
    }

    public static void fdecstp(Cpu cpu, Instruction i) {
        X87.track(cpu, i);
        cpu.fpu.top = cpu.fpu.top - 1 & 7;
        X87.finish(cpu);
    }

    public static void fincstp(Cpu cpu, Instruction i) {
        X87.track(cpu, i);
        cpu.fpu.top = cpu.fpu.top + 1 & 7;
        X87.finish(cpu);
    }

    public static void ffree(Cpu cpu, Instruction i) {
        X87.track(cpu, i);
        X87.free(cpu.fpu, i.rm & 7);
        X87.finish(cpu);
    }

    public static void ffreep(Cpu cpu, Instruction i) {
        ffree(cpu, i);
        X87.pop(cpu.fpu);
    }

    public static void fldcw(Cpu cpu, Instruction i) {
        setControl(cpu.fpu, cpu.memory.read16(cpu.readAddress(i, 2)));
    }

    public static void setControl(FpuState fpu, int control) {
        fpu.control = control & WRITABLE_CONTROL | FIXED_CONTROL;
        X87.summarize(fpu);
    }

    public static void fnstcw(Cpu cpu, Instruction i) {
        cpu.memory.write16(cpu.writeAddress(i, 2), cpu.fpu.control);
    }

    public static int statusWord(FpuState fpu) {
        return fpu.status | fpu.top << 11;
    }

    public static void setStatusWord(FpuState fpu, int word) {
        fpu.top = word >>> 11 & 7;
        fpu.status = word & 0xFFFF & ~(7 << 11);
        X87.summarize(fpu);
    }

    public static void fnstsw(Cpu cpu, Instruction i) {
        cpu.memory.write16(cpu.writeAddress(i, 2), statusWord(cpu.fpu));
    }

    public static void fnstswAx(Cpu cpu, Instruction i) {
        cpu.reg16(Cpu.RAX, statusWord(cpu.fpu));
    }

    public static void fnclex(Cpu cpu, Instruction i) {
        cpu.fpu.status &= ~(FloatEnvironment.ALL | X87.STACK_FAULT | X87.ERROR_SUMMARY | X87.BUSY);
    }

    public static void fninit(Cpu cpu, Instruction i) {
        initialize(cpu.fpu);
    }

    /** FNINIT (SDM Vol 2A FINIT); the registers keep their contents. */
    static void initialize(FpuState fpu) {
        fpu.control = X87.INITIAL_CONTROL;
        fpu.status = 0;
        fpu.top = 0;
        fpu.empty = X87.ALL_EMPTY;
        fpu.lastOpcode = 0;
        fpu.lastInstructionSelector = 0;
        fpu.lastInstructionPointer = 0;
        fpu.lastDataSelector = 0;
        fpu.lastDataPointer = 0;
    }

    /** Unlike the other x87 instructions it heeds CR0.TS only with CR0.MP, and CR0.EM not at all (SDM Vol 3A table 2-3). */
    public static void fwait(Cpu cpu, Instruction i) {
        long both = ControlRegister.CR0_MP | ControlRegister.CR0_TS;
        if ((cpu.cr0 & both) == both) throw cpu.raise(GuestException.DEVICE_NOT_AVAILABLE);
        X87.checkPending(cpu);
    }

    public static void emms(Cpu cpu, Instruction i) {
        Simd.checkMmx(cpu);
        cpu.fpu.top = 0;
        cpu.fpu.empty = X87.ALL_EMPTY;
    }
}
