package dev.simvisor.node.cpu;

import java.util.Arrays;

/** Register contents after RESET and after INIT (SDM Vol 3A table 9-1). */
final class CpuReset {
    private static final int REAL_MODE_RIGHTS =
            AccessRights.PRESENT | AccessRights.CODE_OR_DATA | AccessRights.WRITABLE | AccessRights.ACCESSED;
    private static final int LDT_TYPE = 2;
    private static final int BUSY_32_BIT_TSS_TYPE = 11;

    private CpuReset() {}

    static void reset(Cpu cpu) {
        cpu.cr0 = ControlRegister.CR0_CD | ControlRegister.CR0_NW;
        cpu.mxcsr = 0x1F80;
        cpu.fpu.reset();
        Arrays.fill(cpu.xmm, 0);
        initialize(cpu);
    }

    /** INIT leaves alone: the caches' bits of CR0, floating point and SIMD, model-specific registers but EFER, the time stamp. */
    static void initialize(Cpu cpu) {
        Arrays.fill(cpu.gpr, 0);
        cpu.gpr[Cpu.RDX] = cpu.model.signature();
        cpu.rip = 0xFFF0;
        cpu.arithmeticFlags(0);
        cpu.otherFlags = Flags.RESERVED_ONE;
        for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
            segment(cpu, segment, 0, 0, REAL_MODE_RIGHTS);
        }
        segment(cpu, SegmentRegister.CS, 0xF000, 0xFFFF_0000L, REAL_MODE_RIGHTS | AccessRights.CODE);
        segment(cpu, SegmentRegister.LDTR, 0, 0, AccessRights.PRESENT | LDT_TYPE);
        segment(cpu, SegmentRegister.TR, 0, 0, AccessRights.PRESENT | BUSY_32_BIT_TSS_TYPE);
        cpu.gdtrBase = 0;
        cpu.gdtrLimit = 0xFFFF;
        cpu.idtrBase = 0;
        cpu.idtrLimit = 0xFFFF;
        cpu.cr0 = cpu.cr0 & (ControlRegister.CR0_CD | ControlRegister.CR0_NW) | ControlRegister.CR0_ET;
        cpu.cr2 = 0;
        cpu.cr3 = 0;
        cpu.cr4 = 0;
        Arrays.fill(cpu.dr, 0);
        cpu.dr[6] = 0xFFFF_0FF0L;
        cpu.dr[7] = 0x400;
        cpu.msr.efer = 0;
        cpu.halted = false;
        cpu.shutdown = false;
        cpu.interruptShadow = false;
        cpu.debugShadow = false;
        cpu.nmiPending = false;
        cpu.nmiBlocked = false;
        cpu.pendingDebugTraps = 0;
        cpu.memory.invalidateAll();
        cpu.updateMode();
    }

    private static void segment(Cpu cpu, int segment, int selector, long base, int rights) {
        cpu.selector[segment] = selector;
        cpu.segmentBase[segment] = base;
        cpu.segmentLimit[segment] = 0xFFFF;
        cpu.segmentRights[segment] = rights;
    }
}
