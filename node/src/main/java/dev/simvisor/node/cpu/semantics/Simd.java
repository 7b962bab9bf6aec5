package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;

/** What holds for every MMX and SSE instruction: when they may run, and their floating-point exceptions. */
public final class Simd {
    private static final int EXCEPTION_FLAGS = 0x3F;
    private static final int MASK_SHIFT = 7;

    private Simd() {}

    /** #UD without CR4.OSFXSR or with CR0.EM, #NM with CR0.TS (SDM Vol 3A §13.1). */
    public static void checkSse(Cpu cpu) {
        boolean enabled = (cpu.cr4 & ControlRegister.CR4_OSFXSR) != 0 && (cpu.cr0 & ControlRegister.CR0_EM) == 0;
        if (!enabled) throw cpu.undefinedOpcode();
        if ((cpu.cr0 & ControlRegister.CR0_TS) != 0) throw cpu.raise(GuestException.DEVICE_NOT_AVAILABLE);
    }

    /** As {@link #checkSse}, but for x87's pending exceptions; then the registers become MMX registers (SDM Vol 1 §9.5). */
    public static void checkMmx(Cpu cpu) {
        if ((cpu.cr0 & ControlRegister.CR0_EM) != 0) throw cpu.undefinedOpcode();
        X87.check(cpu);
        cpu.fpu.top = 0;
        cpu.fpu.empty = 0;
    }

    /** #XM when an exception that MXCSR leaves unmasked is flagged; #UD without CR4.OSXMMEXCPT (SDM Vol 1 §11.5.3). */
    public static void raiseUnmasked(Cpu cpu) {
        int unmasked = ~(cpu.mxcsr >>> MASK_SHIFT) & cpu.mxcsr & EXCEPTION_FLAGS;
        if (unmasked == 0) return;
        boolean told = (cpu.cr4 & ControlRegister.CR4_OSXMMEXCPT) != 0;
        throw cpu.raise(told ? GuestException.SIMD_FLOATING_POINT : GuestException.INVALID_OPCODE);
    }
}
