package dev.simvisor.node.cpu;

import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.DS;
import static dev.simvisor.node.cpu.SegmentRegister.ES;
import static dev.simvisor.node.cpu.SegmentRegister.FS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;
import static dev.simvisor.node.cpu.SegmentRegister.SS;

/** Derives what is cached in {@link Cpu} from control registers, segment registers and flags. */
final class CpuMode {
    /** An access of up to this many bytes may follow a check against {@link Cpu#readCheck}. */
    private static final int WIDEST_ACCESS = 16;

    private static final long ALWAYS_CHECK = Long.MIN_VALUE;
    private static final long NEVER_CHECK = Long.MAX_VALUE;

    private CpuMode() {}

    static void update(Cpu cpu) {
        boolean wasProtected = cpu.protectedMode && !cpu.virtual8086;
        int codeSizeBefore = cpu.codeSize;
        cpu.protectedMode = (cpu.cr0 & ControlRegister.CR0_PE) != 0;
        cpu.virtual8086 = cpu.protectedMode && (cpu.otherFlags & Flags.VM) != 0;
        cpu.longMode = (cpu.msr.efer & ModelSpecificRegisters.EFER_LMA) != 0;
        // SDM Vol 3A §5.5: the CPL is SS.DPL on silicon; real mode runs at 0, virtual-8086 mode at 3.
        cpu.cpl = cpu.virtual8086 ? 3 : cpu.protectedMode ? AccessRights.dpl(cpu.segmentRights[SS]) : 0;
        cpu.codeSize = codeSize(cpu);
        updateStackSize(cpu);
        boolean isProtected = cpu.protectedMode && !cpu.virtual8086;
        if (isProtected != wasProtected || cpu.codeSize != codeSizeBefore) forgetLinks(cpu);
        if (codeSizeBefore == 64 && cpu.codeSize == 64) updateBases(cpu);
        else for (int segment = 0; segment < SegmentRegister.COUNT; segment++) updateSegment(cpu, segment);
        updateFlatness(cpu);
        cpu.segmentChanges++;
        cpu.memory.updateMode();
    }

    /** As much of {@link #update} as follows from CS and SS. */
    static void updateCodeAndStack(Cpu cpu) {
        if (!cpu.protectedMode || cpu.virtual8086 || codeSize(cpu) != cpu.codeSize) {
            update(cpu);
            return;
        }
        cpu.cpl = AccessRights.dpl(cpu.segmentRights[SS]);
        if (cpu.codeSize == 64) {
            // Segments are not checked.
            cpu.privilegeChanges++;
        } else {
            updateStackSize(cpu);
            if (!staysFlat(cpu)) {
                updateSegment(cpu, CS);
                updateSegment(cpu, SS);
                updateFlatness(cpu);
            }
            cpu.segmentChanges++;
        }
        cpu.memory.updateMode();
    }

    /** As much of {@link #update} as follows from a data segment register. */
    static void updateDataSegment(Cpu cpu, int segment) {
        updateSegment(cpu, segment);
        updateFlatness(cpu);
        cpu.segmentChanges++;
    }

    private static void updateStackSize(Cpu cpu) {
        boolean big = (cpu.segmentRights[SS] & AccessRights.DEFAULT_BIG) != 0;
        cpu.stackSize = cpu.codeSize == 64 ? 64 : big ? 32 : 16;
        cpu.stackMask = cpu.stackSize == 64 ? -1L : cpu.stackSize == 32 ? 0xFFFF_FFFFL : 0xFFFFL;
    }

    /** What can differ from one moment in 64-bit mode to the next: system calls and interrupts come here often. */
    private static void updateBases(Cpu cpu) {
        cpu.effectiveBase[FS] = cpu.segmentBase[FS];
        cpu.effectiveBase[GS] = cpu.segmentBase[GS];
    }

    /** Blocks that were decoded under other circumstances must not be what goes on: links hold only without attention. */
    private static void forgetLinks(Cpu cpu) {
        cpu.attention = true;
    }

    private static void updateFlatness(Cpu cpu) {
        boolean flat = cpu.codeSize == 64 || flat(cpu, ES) && flat(cpu, CS) && flat(cpu, SS) && flat(cpu, DS);
        if (flat != cpu.flatSegments) forgetLinks(cpu);
        cpu.flatSegments = flat;
    }

    /** Whether CS and SS are flat segments like those that were there before: then all that is cached of them is as it was. */
    private static boolean staysFlat(Cpu cpu) {
        return cpu.flatSegments
                && cpu.writeCheck[CS] == ALWAYS_CHECK
                && spansAll(cpu, CS)
                && readable(cpu.segmentRights[CS])
                && !writable(cpu.segmentRights[CS])
                && spansAll(cpu, SS)
                && writable(cpu.segmentRights[SS]);
    }

    /** Base 0 and limit 4 GiB. */
    private static boolean spansAll(Cpu cpu, int segment) {
        return cpu.segmentBase[segment] == 0 && cpu.segmentLimit[segment] == 0xFFFF_FFFFL;
    }

    /** It spans all, is readable, and writable unless it holds code. */
    private static boolean flat(Cpu cpu, int segment) {
        return spansAll(cpu, segment)
                && cpu.readCheck[segment] != ALWAYS_CHECK
                && (segment == CS || cpu.writeCheck[segment] != ALWAYS_CHECK);
    }

    private static int codeSize(Cpu cpu) {
        int rights = cpu.segmentRights[CS];
        if (cpu.longMode && (rights & AccessRights.LONG) != 0) return 64;
        return (rights & AccessRights.DEFAULT_BIG) != 0 ? 32 : 16;
    }

    private static void updateSegment(Cpu cpu, int segment) {
        if (cpu.codeSize == 64) {
            cpu.effectiveBase[segment] = segment == FS || segment == GS ? cpu.segmentBase[segment] : 0;
            cpu.readCheck[segment] = NEVER_CHECK;
            cpu.writeCheck[segment] = NEVER_CHECK;
            return;
        }
        cpu.effectiveBase[segment] = cpu.segmentBase[segment];
        int rights = cpu.segmentRights[segment];
        // A sum of base and offset that passes 4 GiB wraps: left to the full check.
        boolean plain = cpu.segmentLimit[segment] >= WIDEST_ACCESS
                && cpu.segmentBase[segment] + cpu.segmentLimit[segment] <= 0xFFFF_FFFFL;
        long firstUnchecked = cpu.segmentLimit[segment] - (WIDEST_ACCESS - 1) + 1 ^ Long.MIN_VALUE;
        cpu.readCheck[segment] = plain && readable(rights) ? firstUnchecked : ALWAYS_CHECK;
        cpu.writeCheck[segment] = plain && writable(rights) ? firstUnchecked : ALWAYS_CHECK;
    }

    /** Of a segment that reaches from its base up to its limit. */
    private static boolean readable(int rights) {
        boolean code = (rights & AccessRights.CODE) != 0;
        return present(rights) && (code ? (rights & AccessRights.READABLE) != 0 : !expandsDown(rights));
    }

    private static boolean writable(int rights) {
        boolean data = (rights & AccessRights.CODE) == 0;
        return present(rights) && data && (rights & AccessRights.WRITABLE) != 0 && !expandsDown(rights);
    }

    private static boolean present(int rights) {
        return (rights & (AccessRights.PRESENT | AccessRights.CODE_OR_DATA | AccessRights.UNUSABLE))
                == (AccessRights.PRESENT | AccessRights.CODE_OR_DATA);
    }

    private static boolean expandsDown(int rights) {
        return (rights & AccessRights.EXPAND_DOWN) != 0;
    }
}
