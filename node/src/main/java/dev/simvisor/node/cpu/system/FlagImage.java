package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;

/** Flag images from the stack: which flags an instruction may take from one (SDM Vol 2A IRET, Vol 2B POPF). */
public final class FlagImage {
    private static final int ALWAYS = Flags.ARITHMETIC | Flags.TF | Flags.DF | Flags.NT;
    private static final int UPPER = Flags.RF | Flags.AC | Flags.ID;

    private FlagImage() {}

    /** What an IRET of {@code size} bits may change at the current privilege and in the current mode. */
    public static int writable(Cpu cpu, int size) {
        int writable = ALWAYS;
        if (size != 16) writable |= UPPER;
        if (cpu.cpl <= cpu.ioPrivilegeLevel()) writable |= Flags.IF;
        if (cpu.cpl == 0) writable |= Flags.IOPL;
        return writable;
    }

    /** What SYSRET takes from R11: every flag but RF and VM (SDM Vol 2B SYSRET). */
    public static int userVisible(int image) {
        return image & Flags.EVERY & ~(Flags.RF | Flags.VM);
    }

    public static void load(Cpu cpu, int image, int writable) {
        cpu.rflags(cpu.rflags() & ~writable | image & writable);
    }
}
