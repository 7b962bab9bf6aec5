package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.ControlRegister.CR0_AM;
import static dev.simvisor.node.cpu.ControlRegister.CR0_CD;
import static dev.simvisor.node.cpu.ControlRegister.CR0_EM;
import static dev.simvisor.node.cpu.ControlRegister.CR0_ET;
import static dev.simvisor.node.cpu.ControlRegister.CR0_MP;
import static dev.simvisor.node.cpu.ControlRegister.CR0_NE;
import static dev.simvisor.node.cpu.ControlRegister.CR0_NW;
import static dev.simvisor.node.cpu.ControlRegister.CR0_PE;
import static dev.simvisor.node.cpu.ControlRegister.CR0_PG;
import static dev.simvisor.node.cpu.ControlRegister.CR0_TS;
import static dev.simvisor.node.cpu.ControlRegister.CR0_WP;
import static dev.simvisor.node.cpu.ControlRegister.CR4_DE;
import static dev.simvisor.node.cpu.ControlRegister.CR4_MCE;
import static dev.simvisor.node.cpu.ControlRegister.CR4_OSFXSR;
import static dev.simvisor.node.cpu.ControlRegister.CR4_OSXMMEXCPT;
import static dev.simvisor.node.cpu.ControlRegister.CR4_PAE;
import static dev.simvisor.node.cpu.ControlRegister.CR4_PCE;
import static dev.simvisor.node.cpu.ControlRegister.CR4_PGE;
import static dev.simvisor.node.cpu.ControlRegister.CR4_PSE;
import static dev.simvisor.node.cpu.ControlRegister.CR4_SMAP;
import static dev.simvisor.node.cpu.ControlRegister.CR4_SMEP;
import static dev.simvisor.node.cpu.ControlRegister.CR4_TSD;
import static dev.simvisor.node.cpu.ModelSpecificRegisters.EFER_LMA;
import static dev.simvisor.node.cpu.ModelSpecificRegisters.EFER_LME;
import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.TR;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;

/**
 * Reads and writes of CR0, CR2, CR3, CR4 and CR8, with what they set off: paging, long mode, TLB flushes (SDM Vol 3A §2.5,
 * §4.1.1, §4.4.1, §4.10.4, §9.8.5; Vol 2B MOV control registers). Privilege has been checked.
 */
public final class ControlRegisters {
    private static final long CR0_WRITABLE =
            CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
    private static final long CR0_LOW = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
    /** A change of these reloads the page-directory-pointer registers under PAE paging. */
    private static final long CR0_RELOADS_PDPTE = CR0_PG | CR0_CD | CR0_NW;

    private static final long CR4_RELOADS_PDPTE = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP;
    private static final long CR4_FLUSHES = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP;
    private static final long CR4_ALWAYS_SUPPORTED = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCE;

    private static final long PDPTE_PRESENT = 1;
    /** Bits 2:1 and 8:5 of a page-directory-pointer-table entry (SDM Vol 3A table 4-8). */
    private static final long PDPTE_RESERVED = 0x1E6;

    private static final long CR3_TABLE_32_BIT = 0xFFFF_FFE0L;

    private ControlRegisters() {}

    public static long read(Cpu cpu, int register) {
        return switch (register) {
            case 0 -> visibleCr0(cpu);
            case 2 -> cpu.cr2;
            case 3 -> cpu.cr3;
            case 4 -> cpu.nonRoot == null ? cpu.cr4 : cpu.nonRoot.readCr4(cpu.cr4);
            case 8 -> cpu.interruptController.taskPriorityClass();
            default -> throw cpu.undefinedOpcode();
        };
    }

    public static void write(Cpu cpu, int register, long value) {
        switch (register) {
            case 0 -> writeCr0(cpu, cpu.nonRoot == null ? value : cpu.nonRoot.writtenCr0(cpu.cr0, value));
            case 2 -> cpu.cr2 = value;
            case 3 -> writeCr3(cpu, value);
            case 4 -> writeCr4(cpu, cpu.nonRoot == null ? value : cpu.nonRoot.writtenCr4(cpu.cr4, value));
            case 8 -> writeCr8(cpu, value);
            default -> throw cpu.undefinedOpcode();
        }
    }

    // ---- CR0

    /** CR0 as software reads it. */
    public static long visibleCr0(Cpu cpu) {
        return cpu.nonRoot == null ? cpu.cr0 : cpu.nonRoot.readCr0(cpu.cr0);
    }

    public static void writeCr0(Cpu cpu, long value) {
        boolean paging = (value & CR0_PG) != 0;
        boolean cacheControl = (value & (CR0_NW | CR0_CD)) != CR0_NW;
        if (value >>> 32 != 0 || paging && (value & CR0_PE) == 0 || !cacheControl) throw cpu.generalProtection(0);
        long next = value & CR0_WRITABLE | CR0_ET;
        long changed = cpu.cr0 ^ next;
        if ((changed & CR0_PG) != 0) checkLongModeSwitch(cpu, paging);
        boolean longMode = paging && (cpu.msr.efer & EFER_LME) != 0;
        boolean pae = paging && !longMode && (cpu.cr4 & CR4_PAE) != 0;
        if (pae && (changed & CR0_RELOADS_PDPTE) != 0) loadPageDirectoryPointers(cpu, cpu.cr3);
        cpu.cr0 = next;
        cpu.msr.efer = longMode ? cpu.msr.efer | EFER_LMA : cpu.msr.efer & ~EFER_LMA;
        if ((changed & (CR0_PG | CR0_WP | CR0_PE)) != 0) cpu.memory.invalidateAll();
        cpu.updateMode();
    }

    /** SDM Vol 3A §9.8.5, and §9.8.5.4 on leaving. */
    private static void checkLongModeSwitch(Cpu cpu, boolean paging) {
        if ((cpu.msr.efer & EFER_LME) == 0) return;
        boolean longCode = (cpu.segmentRights[CS] & AccessRights.LONG) != 0;
        if (!paging) {
            if (cpu.longMode && longCode) throw cpu.generalProtection(0);
            return;
        }
        boolean wideTss = (cpu.segmentRights[TR] & 8) != 0;
        if ((cpu.cr4 & CR4_PAE) == 0 || longCode || !wideTss) throw cpu.generalProtection(0);
    }

    /** LMSW sets PE, MP, EM and TS, and cannot clear PE. */
    public static void loadMachineStatusWord(Cpu cpu, int value) {
        long low = value & CR0_LOW | cpu.cr0 & CR0_PE;
        write(cpu, 0, cpu.cr0 & ~CR0_LOW | low);
    }

    public static void clearTaskSwitched(Cpu cpu) {
        long cleared = cpu.cr0 & ~CR0_TS;
        cpu.cr0 = cpu.nonRoot == null ? cleared : cpu.nonRoot.writtenCr0(cpu.cr0, cleared);
        cpu.updateMode();
    }

    // ---- CR3

    private static void writeCr3(Cpu cpu, long value) {
        boolean reserved = cpu.longMode && value >>> cpu.model.physicalAddressBits() != 0;
        if (reserved) throw cpu.generalProtection(0);
        loadPageDirectory(cpu, value);
    }

    /** Sets CR3 and forgets the translations that went with the old value; raises #GP(0) for a malformed PAE table. */
    static void loadPageDirectory(Cpu cpu, long value) {
        boolean pae = (cpu.cr0 & CR0_PG) != 0 && (cpu.cr4 & CR4_PAE) != 0 && !cpu.longMode;
        if (pae) loadPageDirectoryPointers(cpu, value);
        cpu.cr3 = value;
        cpu.memory.invalidateNonGlobal();
    }

    /** SDM Vol 3A §4.4.1: all four are checked before any is loaded. */
    private static void loadPageDirectoryPointers(Cpu cpu, long cr3) {
        long table = cr3 & CR3_TABLE_32_BIT;
        long reserved = PDPTE_RESERVED | -1L << cpu.model.physicalAddressBits();
        for (int n = 0; n < 4; n++) {
            long entry = cpu.memory.readPhysical64(table + 8L * n);
            if ((entry & PDPTE_PRESENT) != 0 && (entry & reserved) != 0) throw cpu.generalProtection(0);
        }
        for (int n = 0; n < 4; n++) cpu.pdpte[n] = cpu.memory.readPhysical64(table + 8L * n);
    }

    // ---- CR4 and CR8

    private static void writeCr4(Cpu cpu, long value) {
        if ((value & ~supportedCr4(cpu)) != 0) throw cpu.generalProtection(0);
        if (cpu.longMode && (value & CR4_PAE) == 0) throw cpu.generalProtection(0);
        long changed = cpu.cr4 ^ value;
        boolean pae = (cpu.cr0 & CR0_PG) != 0 && (value & CR4_PAE) != 0 && !cpu.longMode;
        if (pae && (changed & CR4_RELOADS_PDPTE) != 0) loadPageDirectoryPointers(cpu, cpu.cr3);
        cpu.cr4 = value;
        if ((changed & CR4_FLUSHES) != 0) cpu.memory.invalidateAll();
        cpu.updateMode();
    }

    private static long supportedCr4(Cpu cpu) {
        long supported = CR4_ALWAYS_SUPPORTED;
        if (cpu.model.has("mce")) supported |= CR4_MCE; // there are no machine checks to report
        if (cpu.model.has("fxsr")) supported |= CR4_OSFXSR;
        if (cpu.model.has("sse")) supported |= CR4_OSXMMEXCPT;
        if (cpu.model.has("smep")) supported |= CR4_SMEP;
        if (cpu.model.has("smap")) supported |= CR4_SMAP;
        return supported;
    }

    private static void writeCr8(Cpu cpu, long value) {
        if (value >>> 4 != 0) throw cpu.generalProtection(0);
        cpu.interruptController.taskPriorityClass((int) value);
        cpu.attention = true;
    }
}
