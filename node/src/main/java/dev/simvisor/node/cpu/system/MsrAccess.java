package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.ControlRegister.CR0_PG;
import static dev.simvisor.node.cpu.ModelSpecificRegisters.EFER_LMA;
import static dev.simvisor.node.cpu.ModelSpecificRegisters.EFER_LME;
import static dev.simvisor.node.cpu.ModelSpecificRegisters.EFER_NXE;
import static dev.simvisor.node.cpu.ModelSpecificRegisters.EFER_SCE;
import static dev.simvisor.node.cpu.SegmentRegister.FS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/**
 * RDMSR and WRMSR (SDM Vol 4 table 2-2): which registers exist, their reserved bits, and what a write sets off. An unknown
 * register or a bad value raises #GP(0). Privilege has been checked.
 */
public final class MsrAccess {
    private static final int TSC = 0x10;
    private static final int PLATFORM_ID = 0x17;
    private static final int APIC_BASE = 0x1B;
    private static final int TSC_ADJUST = 0x3B;
    /** IA32_BIOS_SIGN_ID: the microcode revision. */
    private static final int MICROCODE_REVISION = 0x8B;

    private static final int SYSENTER_CS = 0x174;
    private static final int SYSENTER_ESP = 0x175;
    private static final int SYSENTER_EIP = 0x176;
    private static final int MACHINE_CHECK_CAPABILITIES = 0x179;
    private static final int MACHINE_CHECK_STATUS = 0x17A;
    private static final int MISC_ENABLE = 0x1A0;
    private static final int PAT = 0x277;
    private static final int TSC_DEADLINE = 0x6E0;
    private static final int EFER = 0xC000_0080;
    private static final int STAR = 0xC000_0081;
    private static final int LSTAR = 0xC000_0082;
    private static final int CSTAR = 0xC000_0083;
    private static final int SYSCALL_MASK = 0xC000_0084;
    private static final int FS_BASE = 0xC000_0100;
    private static final int GS_BASE = 0xC000_0101;
    private static final int KERNEL_GS_BASE = 0xC000_0102;
    private static final int TSC_AUX = 0xC000_0103;

    /** Page attribute types 0, 1, 4, 5, 6 and 7 exist (SDM Vol 3A table 12-10). */
    private static final int PAT_TYPES = 0b1111_0011;

    private MsrAccess() {}

    /** The time-stamp counter as software sees it. */
    public static long timestamp(Cpu cpu) {
        long offset = cpu.nonRoot == null ? 0 : cpu.nonRoot.timestampOffset();
        return cpu.timestampCounter.cycles() + cpu.msr.tscOffset + offset;
    }

    // ---- RDMSR

    public static long read(Cpu cpu, int number) {
        ModelSpecificRegisters msr = cpu.msr;
        return switch (number) {
            case TSC -> timestamp(cpu);
            case TSC_ADJUST -> {
                require(cpu, cpu.model.has("tsc_adjust"));
                yield msr.tscOffset;
            }
            case APIC_BASE -> cpu.interruptController.apicBase();
            case TSC_DEADLINE -> readDeadline(cpu);
            case PLATFORM_ID, MICROCODE_REVISION, MACHINE_CHECK_CAPABILITIES, MACHINE_CHECK_STATUS -> 0;
            case SYSENTER_CS -> msr.sysenterCs;
            case SYSENTER_ESP -> msr.sysenterEsp;
            case SYSENTER_EIP -> msr.sysenterEip;
            case MISC_ENABLE -> msr.miscEnable;
            case PAT -> msr.pat;
            case EFER -> msr.efer;
            case STAR -> msr.star;
            case LSTAR -> msr.lstar;
            case CSTAR -> msr.cstar;
            case SYSCALL_MASK -> msr.syscallMask;
            case FS_BASE -> cpu.segmentBase[FS];
            case GS_BASE -> cpu.segmentBase[GS];
            case KERNEL_GS_BASE -> msr.kernelGsBase;
            case TSC_AUX -> {
                require(cpu, cpu.model.has("rdtscp"));
                yield msr.tscAux;
            }
            default -> {
                if (!MemoryTypeRanges.isOne(number)) throw cpu.generalProtection(0);
                yield MemoryTypeRanges.read(cpu, number);
            }
        };
    }

    // ---- WRMSR

    public static void write(Cpu cpu, int number, long value) {
        ModelSpecificRegisters msr = cpu.msr;
        switch (number) {
            case TSC -> msr.tscOffset = value - cpu.timestampCounter.cycles();
            case TSC_ADJUST -> {
                require(cpu, cpu.model.has("tsc_adjust"));
                msr.tscOffset = value;
            }
            case APIC_BASE -> require(cpu, cpu.interruptController.apicBase(value));
            case TSC_DEADLINE -> writeDeadline(cpu, value);
            case MICROCODE_REVISION -> {
                // Software writes zero before CPUID loads the revision, which stays zero here.
            }
            case MACHINE_CHECK_STATUS -> require(cpu, value == 0);
            case SYSENTER_CS -> msr.sysenterCs = value & 0xFFFF_FFFFL;
            case SYSENTER_ESP -> msr.sysenterEsp = canonical(cpu, value);
            case SYSENTER_EIP -> msr.sysenterEip = canonical(cpu, value);
            case MISC_ENABLE -> msr.miscEnable = value;
            case PAT -> msr.pat = pageAttributes(cpu, value);
            case EFER -> writeEfer(cpu, value);
            case STAR -> msr.star = value;
            case LSTAR -> msr.lstar = canonical(cpu, value);
            case CSTAR -> msr.cstar = canonical(cpu, value);
            case SYSCALL_MASK -> {
                require(cpu, value >>> 32 == 0);
                msr.syscallMask = value;
            }
            case FS_BASE -> writeSegmentBase(cpu, FS, value);
            case GS_BASE -> writeSegmentBase(cpu, GS, value);
            case KERNEL_GS_BASE -> msr.kernelGsBase = canonical(cpu, value);
            case TSC_AUX -> {
                require(cpu, cpu.model.has("rdtscp") && value >>> 32 == 0);
                msr.tscAux = value;
            }
            default -> {
                require(cpu, MemoryTypeRanges.isOne(number));
                MemoryTypeRanges.write(cpu, number, value);
            }
        }
    }

    private static void require(Cpu cpu, boolean condition) {
        if (!condition) throw cpu.generalProtection(0);
    }

    private static long canonical(Cpu cpu, long value) {
        require(cpu, LinearMemory.canonical(value));
        return value;
    }

    private static void writeSegmentBase(Cpu cpu, int segment, long value) {
        cpu.segmentBase[segment] = canonical(cpu, value);
        cpu.updateSegment(segment);
    }

    /** The controller counts without the offset that software gave the counter; zero disarms. */
    private static void writeDeadline(Cpu cpu, long value) {
        require(cpu, cpu.model.has("tsc_deadline_timer"));
        long deadline = value == 0 ? 0 : Math.max(1, value - cpu.msr.tscOffset);
        cpu.interruptController.timestampDeadline(deadline);
        cpu.endBlock();
    }

    private static long readDeadline(Cpu cpu) {
        require(cpu, cpu.model.has("tsc_deadline_timer"));
        long deadline = cpu.interruptController.timestampDeadline();
        return deadline == 0 ? 0 : deadline + cpu.msr.tscOffset;
    }

    private static long pageAttributes(Cpu cpu, long value) {
        for (int n = 0; n < 8; n++) {
            int type = (int) (value >>> 8 * n) & 0xFF;
            require(cpu, type < 8 && (PAT_TYPES >>> type & 1) != 0);
        }
        return value;
    }

    /** LMA is read-only; LME cannot change while paging is on (SDM Vol 3A §9.8.5). */
    private static void writeEfer(Cpu cpu, long value) {
        long supported = EFER_LMA;
        if (cpu.model.has("syscall")) supported |= EFER_SCE;
        if (cpu.model.has("lm")) supported |= EFER_LME;
        if (cpu.model.has("nx")) supported |= EFER_NXE;
        require(cpu, (value & ~supported) == 0);
        long changed = cpu.msr.efer ^ value;
        require(cpu, (changed & EFER_LME) == 0 || (cpu.cr0 & CR0_PG) == 0);
        cpu.msr.efer = value & ~EFER_LMA | cpu.msr.efer & EFER_LMA;
        if ((changed & EFER_NXE) != 0) cpu.memory.invalidateAll();
        cpu.updateMode();
    }
}
