package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.system.FlagImage;

/** Instructions whose operand is RFLAGS. */
public final class FlagControl {
    private static final int IN_AH = Flags.SF | Flags.ZF | Flags.AF | Flags.PF | Flags.CF;

    private FlagControl() {}

    public static void clc(Cpu cpu) {
        cpu.flagAux = Flags.withCarry(cpu.flagAux, 0);
    }

    public static void stc(Cpu cpu) {
        cpu.flagAux = Flags.withCarry(cpu.flagAux, 1);
    }

    public static void cmc(Cpu cpu) {
        cpu.flagAux = Flags.withCarry(cpu.flagAux, Flags.carry(cpu.flagAux) ? 0 : 1);
    }

    public static void cld(Cpu cpu) {
        cpu.otherFlags &= ~Flags.DF;
    }

    public static void std(Cpu cpu) {
        cpu.otherFlags |= Flags.DF;
    }

    public static void lahf(Cpu cpu) {
        int flags = cpu.rflags() & IN_AH | Flags.RESERVED_ONE;
        cpu.gpr[RAX] = cpu.gpr[RAX] & ~0xFF00L | flags << 8;
    }

    public static void sahf(Cpu cpu) {
        int image = (int) (cpu.gpr[RAX] >>> 8);
        cpu.arithmeticFlags(cpu.rflags() & Flags.OF | image & IN_AH);
    }

    public static void cli(Cpu cpu) {
        Privilege.requireIoPrivilege(cpu);
        cpu.otherFlags &= ~Flags.IF;
    }

    /** Interrupts are let in only after the instruction that follows, if they were off. */
    public static void sti(Cpu cpu) {
        Privilege.requireIoPrivilege(cpu);
        if (!cpu.interruptsEnabled()) cpu.interruptShadow = true;
        cpu.otherFlags |= Flags.IF;
        cpu.attention = true;
    }

    /** Unlike other instructions of the kernel's, CLAC and STAC are undefined outside it (SDM Vol 2A CLAC). */
    public static void clac(Cpu cpu) {
        if (cpu.cpl != 0) throw cpu.undefinedOpcode();
        cpu.otherFlags &= ~Flags.AC;
        cpu.memory.updateMode();
    }

    public static void stac(Cpu cpu) {
        if (cpu.cpl != 0) throw cpu.undefinedOpcode();
        cpu.otherFlags |= Flags.AC;
        cpu.memory.updateMode();
    }

    public static void pushf(Cpu cpu, Instruction i) {
        requireInVirtual8086(cpu);
        StackAccess.push(cpu, i.operandSize, cpu.rflags() & ~(Flags.VM | Flags.RF));
    }

    /** RF is cleared, whatever the image says (SDM Vol 2B POPF). */
    public static void popf(Cpu cpu, Instruction i) {
        requireInVirtual8086(cpu);
        int image = (int) StackAccess.pop(cpu, i.operandSize);
        FlagImage.load(cpu, image & ~Flags.RF, FlagImage.writable(cpu, i.operandSize));
    }

    private static void requireInVirtual8086(Cpu cpu) {
        if (cpu.virtual8086 && cpu.ioPrivilegeLevel() < 3) throw cpu.generalProtection(0);
    }
}
