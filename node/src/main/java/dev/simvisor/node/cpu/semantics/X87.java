package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;

/** What holds for every x87 instruction: when it may run. */
public final class X87 {
    private static final int ERROR_SUMMARY = 1 << 7;

    private X87() {}

    /** #NM with CR0.EM or CR0.TS, #MF when an unmasked exception is pending (SDM Vol 1 §8.6). */
    public static void check(Cpu cpu) {
        checkNoWait(cpu);
        if ((cpu.fpu.status & ERROR_SUMMARY) != 0) throw cpu.raise(GuestException.X87_FLOATING_POINT);
    }

    public static void checkNoWait(Cpu cpu) {
        if ((cpu.cr0 & (ControlRegister.CR0_EM | ControlRegister.CR0_TS)) != 0) {
            throw cpu.raise(GuestException.DEVICE_NOT_AVAILABLE);
        }
    }
}
