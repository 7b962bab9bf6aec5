package dev.simvisor.node.vmm.para.emulate;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RBX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.system.Cpuid;
import dev.simvisor.node.vmm.para.domain.Domain;

/**
 * What CPUID tells a guest that asks by Xen's prefixed instruction: the processor, without what a guest in ring 3 cannot use,
 * and Xen's own leaves (public header arch-x86/cpuid.h).
 */
final class ParavirtualCpuid {
    private static final int FIRST_LEAF = 0x4000_0000;
    private static final int MOST_LEAVES = 0x100;
    private static final int HIGHEST_LEAF = FIRST_LEAF + 5;
    private static final int VERSION = 4 << 16 | 17;
    /** XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD. */
    private static final int PRESERVES_ACCESSED_AND_DIRTY = 1;

    /** Leaf 1, ECX: MONITOR, VMX, SMX, EST, TM2, PDCM, PCID, DCA, x2APIC, TSC deadline. */
    private static final int HIDDEN_1_ECX =
            1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 15 | 1 << 17 | 1 << 18 | 1 << 21 | 1 << 24;
    /** Leaf 1, EDX: VME, PSE, MTRR, PGE, PSE-36, DS, ACPI, TM, PBE. */
    private static final int HIDDEN_1_EDX =
            1 << 1 | 1 << 3 | 1 << 12 | 1 << 13 | 1 << 17 | 1 << 21 | 1 << 22 | 1 << 29 | 1 << 31;
    /** Leaf 7, EBX: TSC_ADJUST, SMEP, INVPCID, SMAP. */
    private static final int HIDDEN_7_EBX = 1 << 1 | 1 << 7 | 1 << 10 | 1 << 20;
    /** Leaf 7, ECX: UMIP, PKU. */
    private static final int HIDDEN_7_ECX = 1 << 2 | 1 << 3;

    private static final int HIDDEN_EXTENDED_EDX = 1 << 26; // 1 GiB pages
    private static final int SYSCALL = 1 << 11;

    private ParavirtualCpuid() {}

    static void answer(Cpu cpu, Domain domain) {
        int leaf = (int) cpu.gpr[RAX];
        int subleaf = (int) cpu.gpr[RCX];
        int eax;
        int ebx;
        int ecx;
        int edx;
        if (leaf - FIRST_LEAF >= 0 && leaf - FIRST_LEAF < MOST_LEAVES) {
            int[] values = hypervisor(leaf, subleaf, domain);
            eax = values[0];
            ebx = values[1];
            ecx = values[2];
            edx = values[3];
        } else {
            eax = masked(cpu, leaf, subleaf, Cpuid.EAX);
            ebx = masked(cpu, leaf, subleaf, Cpuid.EBX);
            ecx = masked(cpu, leaf, subleaf, Cpuid.ECX);
            edx = masked(cpu, leaf, subleaf, Cpuid.EDX);
        }
        cpu.reg32(RAX, eax);
        cpu.reg32(RBX, ebx);
        cpu.reg32(RCX, ecx);
        cpu.reg32(RDX, edx);
    }

    private static int masked(Cpu cpu, int leaf, int subleaf, int register) {
        int value = Cpuid.value(cpu, leaf, subleaf, register);
        return switch (leaf) {
            case 1 ->
                switch (register) {
                    // Bit 31: there is a hypervisor.
                    case Cpuid.ECX -> value & ~HIDDEN_1_ECX | 1 << 31;
                    case Cpuid.EDX -> value & ~HIDDEN_1_EDX;
                    default -> value;
                };
            case 7 ->
                switch (register) {
                    case Cpuid.EBX -> value & ~HIDDEN_7_EBX;
                    case Cpuid.ECX -> value & ~HIDDEN_7_ECX;
                    default -> value;
                };
            case 0x8000_0001 -> register == Cpuid.EDX ? value & ~HIDDEN_EXTENDED_EDX | SYSCALL : value;
            default -> value;
        };
    }

    private static int[] hypervisor(int leaf, int subleaf, Domain domain) {
        return switch (leaf - FIRST_LEAF) {
            case 0 -> new int[] {HIGHEST_LEAF, 0x566E_6558, 0x6558_4D4D, 0x4D4D_566E}; // "XenVMMXenVMM"
            case 1 -> new int[] {VERSION, 0, 0, 0};
            case 2 -> new int[] {0, 0, PRESERVES_ACCESSED_AND_DIRTY, 0};
            case 3 -> time(subleaf, domain);
            case 5 -> new int[] {0, 40, 0, 0};
            default -> new int[4];
        };
    }

    /** The time-stamp counter is not emulated, and as reliable as virtual time is. */
    private static int[] time(int subleaf, Domain domain) {
        int kilohertz = (int) (domain.settings().clockHertz() / 1000);
        return switch (subleaf) {
            case 0 -> new int[] {2, 2, kilohertz, 0};
            case 2 -> new int[] {kilohertz, 0, 0, 0};
            default -> new int[4];
        };
    }
}
