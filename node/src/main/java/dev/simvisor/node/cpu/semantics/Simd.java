package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;

/**
 * What holds for every MMX and SSE instruction: when they may run, and their floating-point exceptions. Arithmetic collects
 * its exceptions in {@link Cpu#sseArithmetic}; {@link #raiseUnmasked} moves them to MXCSR before the result is stored.
 */
public final class Simd {
    private Simd() {}

    /** #UD without CR4.OSFXSR or with CR0.EM, #NM with CR0.TS (SDM Vol 3A §13.1). */
    public static void checkSse(Cpu cpu) {
        boolean enabled = (cpu.cr4 & ControlRegister.CR4_OSFXSR) != 0 && (cpu.cr0 & ControlRegister.CR0_EM) == 0;
        if (!enabled) throw cpu.undefinedOpcode();
        if ((cpu.cr0 & ControlRegister.CR0_TS) != 0) throw cpu.raise(GuestException.DEVICE_NOT_AVAILABLE);
    }

    /** #UD with CR0.EM, #NM with CR0.TS, #MF when an x87 exception is pending (SDM Vol 3A §12.1, §12.5). */
    public static void checkMmx(Cpu cpu) {
        if ((cpu.cr0 & ControlRegister.CR0_EM) != 0) throw cpu.undefinedOpcode();
        X87.check(cpu);
    }

    /** What every MMX instruction but EMMS does to the x87 stack, when it can fault no more (SDM Vol 1 §9.5.1). */
    public static void enterMmx(Cpu cpu) {
        cpu.fpu.top = 0;
        cpu.fpu.empty = 0;
    }

    /** The environment of an instruction's arithmetic, set up from MXCSR. */
    static FloatEnvironment environment(Cpu cpu) {
        FloatEnvironment env = cpu.sseArithmetic;
        env.useMxcsr(cpu.mxcsr);
        return env;
    }

    /**
     * Moves what the instruction raised to MXCSR; #XM when some of it is unmasked, #UD then without CR4.OSXMMEXCPT (SDM Vol 1
     * §11.5.3).
     */
    public static void raiseUnmasked(Cpu cpu) {
        if (cpu.sseArithmetic.raised() != 0) settle(cpu);
    }

    private static void settle(Cpu cpu) {
        FloatEnvironment env = cpu.sseArithmetic;
        // With several lanes: what stops one before its computation keeps the others from being computed.
        if (env.stopped()) env.retract(FloatEnvironment.ALL & ~FloatEnvironment.PRE_COMPUTATION);
        boolean unmasked = env.unmasked() != 0;
        cpu.mxcsr |= env.takeRaised();
        if (!unmasked) return;
        boolean told = (cpu.cr4 & ControlRegister.CR4_OSXMMEXCPT) != 0;
        throw cpu.raise(told ? GuestException.SIMD_FLOATING_POINT : GuestException.INVALID_OPCODE);
    }
}
