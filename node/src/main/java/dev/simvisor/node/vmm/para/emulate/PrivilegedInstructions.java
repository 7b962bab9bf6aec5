package dev.simvisor.node.vmm.para.emulate;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDX;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;

/**
 * Privileged instructions of the guest's kernel that Xen carries out although there are hypercalls for them, because kernels
 * use them: the prefixed CPUID, control and debug registers, ports (nothing is at any of them), some model-specific registers,
 * cache control. Every other one is a general-protection fault to the guest.
 */
public final class PrivilegedInstructions {
    private static final int[] PREFIXED_CPUID = {0x0F, 0x0B, 'x', 'e', 'n', 0x0F, 0xA2};

    private static final int APIC_BASE = 0x1B;
    private static final int PLATFORM_INFO = 0xCE;
    private static final int MISC_ENABLE = 0x1A0;
    private static final int PAT = 0x277;
    private static final int MICROCODE_REVISION = 0x8B;
    private static final int MACHINE_CHECK_CAPABILITIES = 0x179;
    private static final int MACHINE_CHECK_STATUS = 0x17A;
    private static final int EFER = 0xC000_0080;
    private static final int FS_BASE = 0xC000_0100;
    private static final int GS_BASE = 0xC000_0101;
    private static final int KERNEL_GS_BASE = 0xC000_0102;
    private static final int TSC_AUX = 0xC000_0103;

    private PrivilegedInstructions() {}

    /** After an invalid opcode: whether it was the prefix of a CPUID that the VMM has answered. */
    public static boolean prefixedCpuid(Vcpu vcpu) {
        Cpu cpu = vcpu.cpu();
        try {
            for (int n = 0; n < PREFIXED_CPUID.length; n++) {
                if (codeByte(vcpu, cpu.rip + n) != PREFIXED_CPUID[n]) return false;
            }
        } catch (XenError unreadable) {
            return false;
        }
        vcpu.domain().ledger().count(ExitKind.PRIVILEGED_TRAP, "CPUID");
        ParavirtualCpuid.answer(cpu, vcpu.domain());
        cpu.rip += PREFIXED_CPUID.length;
        cpu.completedInstructions++;
        return true;
    }

    private static int codeByte(Vcpu vcpu, long linear) {
        return vcpu.inKernel()
                ? vcpu.access().readByte(linear)
                : vcpu.userAccess().readByte(linear);
    }

    /** After a general-protection fault: whether the VMM has carried the instruction out. */
    public static boolean emulate(Vcpu vcpu, Instruction instruction) {
        String mnemonic = instruction.row.mnemonic(instruction.operandSize);
        if (!carriedOut(vcpu, instruction, mnemonic)) return false;
        Cpu cpu = vcpu.cpu();
        vcpu.domain().ledger().count(isPort(mnemonic) ? ExitKind.PORT_IO : ExitKind.PRIVILEGED_TRAP, mnemonic);
        cpu.rip += instruction.length;
        cpu.completedInstructions++;
        return true;
    }

    private static boolean isPort(String mnemonic) {
        return mnemonic.equals("IN") || mnemonic.equals("OUT");
    }

    private static boolean carriedOut(Vcpu vcpu, Instruction i, String mnemonic) {
        if (isPort(mnemonic)) return port(vcpu, i, mnemonic);
        if (!vcpu.inKernel()) return false;
        return switch (mnemonic) {
            case "RDMSR" -> readMsr(vcpu);
            case "WRMSR" -> writeMsr(vcpu);
            case "CLTS" -> {
                vcpu.taskSwitched(false);
                yield true;
            }
            case "MOV" -> move(vcpu, i);
            case "WBINVD" -> true;
            // Early code of Linux has them around a compare-and-exchange: with a level that allows them they do
            // nothing.
            case "CLI", "STI" -> portsAllowed(vcpu);
            default -> false;
        };
    }

    private static boolean portsAllowed(Vcpu vcpu) {
        return vcpu.virtualIopl >>> 12 >= (vcpu.inKernel() ? 1 : 3);
    }

    /** A kernel may try any port, a program what its kernel has been given: all read as ones. */
    private static boolean port(Vcpu vcpu, Instruction i, String mnemonic) {
        if (!portsAllowed(vcpu)) return false;
        if (mnemonic.equals("IN")) {
            Cpu cpu = vcpu.cpu();
            switch (i.operandSize) {
                case 8 -> cpu.reg8(RAX, 0xFF);
                case 16 -> cpu.reg16(RAX, 0xFFFF);
                default -> cpu.reg32(RAX, -1);
            }
        }
        return true;
    }

    // ---- control and debug registers

    private static boolean move(Vcpu vcpu, Instruction i) {
        return switch (i.row.semantics()) {
            case "movFromControl" -> readControl(vcpu, i.reg, i.rm);
            case "movToControl" -> writeControl(vcpu, i.reg, vcpu.cpu().gpr[i.rm]);
            case "movFromDebug" -> readDebug(vcpu, i.reg, i.rm);
            case "movToDebug" -> writeDebug(vcpu, i.reg, vcpu.cpu().gpr[i.rm]);
            default -> false;
        };
    }

    private static boolean readControl(Vcpu vcpu, int number, int register) {
        Cpu cpu = vcpu.cpu();
        switch (number) {
            case 0 -> cpu.gpr[register] = cpu.cr0;
            case 2 -> cpu.gpr[register] = vcpu.faultAddress();
            case 3 -> cpu.gpr[register] = vcpu.domain().memory().mfn(vcpu.kernelTable()) << 12;
            case 4 -> cpu.gpr[register] = cpu.cr4 & ~ControlRegister.CR4_PGE;
            default -> {
                return false;
            }
        }
        return true;
    }

    private static boolean writeControl(Vcpu vcpu, int number, long value) {
        switch (number) {
            case 0 -> vcpu.taskSwitched((value & ControlRegister.CR0_TS) != 0);
            case 2 -> vcpu.faultAddress(value);
            case 3 -> {
                int gfn = vcpu.domain().memory().gfn(value >>> 12);
                if (gfn == DomainMemory.NONE) return false;
                try {
                    vcpu.kernelTable(gfn);
                } catch (XenError unfit) {
                    return false;
                }
            }
            // The guest's CR4 is the VMM's: what it would set is set, what it would clear stays.
            case 4 -> {}
            default -> {
                return false;
            }
        }
        return true;
    }

    private static boolean readDebug(Vcpu vcpu, int number, int register) {
        try {
            vcpu.cpu().gpr[register] = vcpu.debugRegister(number);
            return true;
        } catch (XenError noSuchRegister) {
            return false;
        }
    }

    private static boolean writeDebug(Vcpu vcpu, int number, long value) {
        try {
            vcpu.debugRegister(number, value);
            return true;
        } catch (XenError refused) {
            return false;
        }
    }

    // ---- model-specific registers

    private static boolean readMsr(Vcpu vcpu) {
        Cpu cpu = vcpu.cpu();
        long value;
        switch ((int) cpu.gpr[RCX]) {
            case FS_BASE -> value = cpu.segmentBase[SegmentRegister.FS];
            case GS_BASE -> value = cpu.segmentBase[SegmentRegister.GS];
            case KERNEL_GS_BASE -> value = cpu.msr.kernelGsBase;
            case EFER -> value = cpu.msr.efer | ModelSpecificRegisters.EFER_SCE;
            case PAT -> value = XEN_PAT;
            case APIC_BASE -> value = APIC_BASE_VALUE | (vcpu.id() == 0 ? 1 << 8 : 0);
            case MISC_ENABLE -> value = cpu.msr.miscEnable;
            case TSC_AUX -> value = cpu.msr.tscAux;
            case PLATFORM_INFO, MICROCODE_REVISION, MACHINE_CHECK_CAPABILITIES, MACHINE_CHECK_STATUS -> value = 0;
            default -> {
                return false;
            }
        }
        cpu.reg32(RAX, (int) value);
        cpu.reg32(RDX, (int) (value >>> 32));
        return true;
    }

    /** Enabled, at its usual address: what guests read of the host's (SDM Vol 3A §11.4.4). */
    private static final long APIC_BASE_VALUE = 0xFEE0_0800L;

    /** The page attributes that Xen sets up, which guests cannot change. */
    private static final long XEN_PAT = 0x0000_0501_0007_0406L;

    private static boolean writeMsr(Vcpu vcpu) {
        Cpu cpu = vcpu.cpu();
        long value = cpu.gpr[RAX] & 0xFFFF_FFFFL | cpu.gpr[RDX] << 32;
        switch ((int) cpu.gpr[RCX]) {
            case FS_BASE -> {
                if (!LinearMemory.canonical(value)) return false;
                cpu.segmentBase[SegmentRegister.FS] = value;
                cpu.updateSegment(SegmentRegister.FS);
            }
            case GS_BASE -> {
                if (!LinearMemory.canonical(value)) return false;
                cpu.segmentBase[SegmentRegister.GS] = value;
                cpu.updateSegment(SegmentRegister.GS);
            }
            case KERNEL_GS_BASE -> {
                if (!LinearMemory.canonical(value)) return false;
                cpu.msr.kernelGsBase = value;
            }
            case TSC_AUX -> cpu.msr.tscAux = value & 0xFFFF_FFFFL;
            // Ignored, as by Xen, which lets nothing of these through.
            case APIC_BASE, MICROCODE_REVISION, MISC_ENABLE, MACHINE_CHECK_STATUS, EFER -> {}
            default -> {
                return false;
            }
        }
        return true;
    }
}
