package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDX;
import static dev.simvisor.node.cpu.Cpu.RSP;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.system.FlagImage;
import dev.simvisor.node.cpu.system.FlatSegments;

/**
 * SYSCALL, SYSRET, SYSENTER and SYSEXIT as on Intel's processors (SDM Vol 2B): the former two exist in 64-bit mode only, the
 * latter two in protected mode of every kind.
 */
public final class FastSystemCalls {
    private static final int R11 = 11;
    private static final int USER = 3;
    private static final int KERNEL = 0;

    private FastSystemCalls() {}

    public static void syscall(Cpu cpu, Instruction i) {
        requireEnabled(cpu);
        cpu.charge(cpu.costs.fastSystemCall());
        int flags = cpu.rflags();
        cpu.gpr[RCX] = cpu.nextRip(i);
        cpu.gpr[R11] = flags;
        cpu.rip = cpu.msr.lstar;
        FlatSegments.setCode(cpu, (int) (cpu.msr.star >>> 32) & 0xFFFC, KERNEL, 64);
        FlatSegments.setStack(cpu, ((int) (cpu.msr.star >>> 32) & 0xFFFC) + 8, KERNEL);
        cpu.rflags(flags & ~((int) cpu.msr.syscallMask | Flags.RF));
        cpu.updateCodeAndStack();
    }

    public static void sysret(Cpu cpu, Instruction i) {
        requireEnabled(cpu);
        Privilege.requireKernel(cpu);
        boolean to64Bit = i.operandSize == 64;
        if (to64Bit && !LinearMemory.canonical(cpu.gpr[RCX])) throw cpu.generalProtection(0);
        cpu.charge(cpu.costs.fastSystemCall());
        cpu.rip = to64Bit ? cpu.gpr[RCX] : cpu.reg(RCX, 32);
        int base = (int) (cpu.msr.star >>> 48) & 0xFFFF;
        FlatSegments.setCode(cpu, to64Bit ? base + 16 : base, USER, to64Bit ? 64 : 32);
        FlatSegments.setStack(cpu, base + 8, USER);
        cpu.rflags(FlagImage.userVisible((int) cpu.gpr[R11]));
        cpu.updateCodeAndStack();
    }

    private static void requireEnabled(Cpu cpu) {
        boolean enabled = (cpu.msr.efer & ModelSpecificRegisters.EFER_SCE) != 0;
        if (cpu.codeSize != 64 || !enabled) throw cpu.undefinedOpcode();
    }

    public static void sysenter(Cpu cpu) {
        int selector = sysenterSelector(cpu);
        cpu.charge(cpu.costs.fastSystemCall());
        cpu.rflags(cpu.rflags() & ~(Flags.VM | Flags.IF | Flags.RF));
        long width = cpu.longMode ? -1L : 0xFFFF_FFFFL;
        cpu.gpr[RSP] = cpu.msr.sysenterEsp & width;
        cpu.rip = cpu.msr.sysenterEip & width;
        FlatSegments.setCode(cpu, selector, KERNEL, cpu.longMode ? 64 : 32);
        FlatSegments.setStack(cpu, selector + 8, KERNEL);
        cpu.updateCodeAndStack();
    }

    public static void sysexit(Cpu cpu, Instruction i) {
        int selector = sysenterSelector(cpu);
        Privilege.requireKernel(cpu);
        boolean to64Bit = i.operandSize == 64;
        boolean canonical = LinearMemory.canonical(cpu.gpr[RCX]) && LinearMemory.canonical(cpu.gpr[RDX]);
        if (to64Bit && !canonical) throw cpu.generalProtection(0);
        cpu.charge(cpu.costs.fastSystemCall());
        cpu.gpr[RSP] = to64Bit ? cpu.gpr[RCX] : cpu.reg(RCX, 32);
        cpu.rip = to64Bit ? cpu.gpr[RDX] : cpu.reg(RDX, 32);
        FlatSegments.setCode(cpu, selector + (to64Bit ? 32 : 16), USER, to64Bit ? 64 : 32);
        FlatSegments.setStack(cpu, selector + (to64Bit ? 40 : 24), USER);
        cpu.updateCodeAndStack();
    }

    /** IA32_SYSENTER_CS, which must not be null. */
    private static int sysenterSelector(Cpu cpu) {
        int selector = (int) cpu.msr.sysenterCs & 0xFFFC;
        if (!cpu.protectedMode || selector == 0) throw cpu.generalProtection(0);
        return selector;
    }
}
