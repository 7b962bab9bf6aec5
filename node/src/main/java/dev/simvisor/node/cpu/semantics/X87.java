package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.x87.Examination;
import dev.simvisor.node.cpu.x87.Extended;

/**
 * What the x87 families share: when an instruction may run, the register stack, the status word, and the pointers to the last
 * instruction. An unmasked exception stays pending in the status word until the next instruction that waits (SDM Vol 1 §8.6,
 * §8.7). Where the manual leaves an outcome open, it is that of the processor that recorded our vectors.
 */
public final class X87 {
    static final int STACK_FAULT = 1 << 6;
    static final int ERROR_SUMMARY = 1 << 7;
    static final int BUSY = 1 << 15;
    static final int C0 = Examination.C0;
    static final int C1 = Examination.C1;
    static final int C2 = Examination.C2;
    static final int C3 = Examination.C3;
    static final int ALL_EMPTY = 0xFF;
    /** The control word after FNINIT: everything masked, 64 bits, to nearest. */
    static final int INITIAL_CONTROL = 0x37F;

    private X87() {}

    /** #NM with CR0.EM or CR0.TS, #MF when an unmasked exception is pending (SDM Vol 1 §8.6). */
    public static void check(Cpu cpu) {
        checkNoWait(cpu);
        checkPending(cpu);
    }

    /** #NM with CR0.EM or CR0.TS. */
    public static void checkNoWait(Cpu cpu) {
        if ((cpu.cr0 & (ControlRegister.CR0_EM | ControlRegister.CR0_TS)) != 0) {
            throw cpu.raise(GuestException.DEVICE_NOT_AVAILABLE);
        }
    }

    static void checkPending(Cpu cpu) {
        if ((cpu.fpu.status & ERROR_SUMMARY) != 0) throw cpu.raise(GuestException.X87_FLOATING_POINT);
    }

    /** The environment of an instruction's arithmetic, set up from the control word. */
    static FloatEnvironment environment(Cpu cpu) {
        FloatEnvironment env = cpu.fpu.arithmetic;
        env.useControlWord(cpu.fpu.control);
        return env;
    }

    /** Remembers a non-control instruction; call it when nothing can fault any more (SDM Vol 1 §8.1.8, §8.1.9). */
    static void track(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        fpu.lastOpcode = (i.row.opcode().code() & 7) << 8 | i.modRm & 0xFF;
        fpu.lastInstructionSelector = cpu.selector[SegmentRegister.CS];
        fpu.lastInstructionPointer = cpu.currentRip(i);
        if (i.memory) {
            fpu.lastDataSelector = cpu.selector[i.segment];
            fpu.lastDataPointer = cpu.effectiveAddress(i);
        }
    }

    // ---- the register stack

    /** The physical register that is ST(n). */
    static int register(FpuState fpu, int n) {
        return fpu.top + n & 7;
    }

    static boolean isEmpty(FpuState fpu, int n) {
        return (fpu.empty >>> register(fpu, n) & 1) != 0;
    }

    static int signExponent(FpuState fpu, int n) {
        return fpu.signExponent[register(fpu, n)];
    }

    static long significand(FpuState fpu, int n) {
        return fpu.significand[register(fpu, n)];
    }

    static void set(FpuState fpu, int n, int signExponent, long significand) {
        int register = register(fpu, n);
        fpu.signExponent[register] = signExponent;
        fpu.significand[register] = significand;
        fpu.empty &= ~(1 << register);
    }

    static void setIndefinite(FpuState fpu, int n) {
        set(fpu, n, Extended.INDEFINITE_SIGN_EXPONENT, Extended.INDEFINITE_SIGNIFICAND);
    }

    static void setResult(FpuState fpu, int n, FloatEnvironment env) {
        set(fpu, n, env.resultSignExponent(), env.resultSignificand());
    }

    static void free(FpuState fpu, int n) {
        fpu.empty |= 1 << register(fpu, n);
    }

    static void pop(FpuState fpu) {
        free(fpu, 0);
        fpu.top = fpu.top + 1 & 7;
    }

    static void push(FpuState fpu, int signExponent, long significand) {
        fpu.top = fpu.top - 1 & 7;
        set(fpu, 0, signExponent, significand);
    }

    static void pushIndefinite(FpuState fpu) {
        push(fpu, Extended.INDEFINITE_SIGN_EXPONENT, Extended.INDEFINITE_SIGNIFICAND);
    }

    // ---- the status word

    /** Ends an instruction: its exceptions and C1 go to the status word. */
    static void finish(Cpu cpu, FloatEnvironment env) {
        int exceptions = env.takeRaised();
        setCondition(cpu.fpu, C1, env.roundedUp() ? C1 : 0);
        if (exceptions != 0) {
            cpu.fpu.status |= exceptions;
            summarize(cpu.fpu);
        }
    }

    /** Ends FCOMI and its kin, which leave C1 alone too: so on silicon. */
    static void finishKeepingConditions(Cpu cpu, FloatEnvironment env) {
        cpu.fpu.status |= env.takeRaised();
        summarize(cpu.fpu);
    }

    /** Ends an instruction that raises nothing and clears C1. */
    static void finish(Cpu cpu) {
        cpu.fpu.status &= ~C1;
    }

    static void setCondition(FpuState fpu, int which, int bits) {
        fpu.status = fpu.status & ~which | bits;
    }

    /** Makes ES and B follow from the flags and masks. */
    static void summarize(FpuState fpu) {
        boolean pending = (fpu.status & ~fpu.control & FloatEnvironment.ALL) != 0;
        fpu.status &= ~(ERROR_SUMMARY | BUSY);
        if (pending) fpu.status |= ERROR_SUMMARY | BUSY;
    }

    /** An empty register was read: IE and SF, C1 clear. Returns whether the masked response applies. */
    static boolean underflow(Cpu cpu) {
        return stackFault(cpu, 0);
    }

    /** A register in use would be pushed over: IE and SF, C1 set. Returns whether the masked response applies. */
    static boolean overflow(Cpu cpu) {
        return stackFault(cpu, C1);
    }

    private static boolean stackFault(Cpu cpu, int direction) {
        FpuState fpu = cpu.fpu;
        setCondition(fpu, C1, direction);
        fpu.status |= FloatEnvironment.INVALID | STACK_FAULT;
        summarize(fpu);
        return (fpu.control & FloatEnvironment.INVALID) != 0;
    }
}
