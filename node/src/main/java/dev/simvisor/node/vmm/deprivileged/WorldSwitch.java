package dev.simvisor.node.vmm.deprivileged;

import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;
import static dev.simvisor.node.cpu.SegmentRegister.LDTR;
import static dev.simvisor.node.cpu.SegmentRegister.SS;
import static dev.simvisor.node.cpu.SegmentRegister.TR;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.vmm.memory.VmmArea;

/**
 * Carries the guest's state between the virtual processor and the physical one (general, floating-point and debug registers
 * are shared and stay where they are). On the way in the guest's ring 0 becomes ring 1; on the way out, ring 1 becomes 0.
 */
final class WorldSwitch {
    private static final int VMM_TSS_SELECTOR = 0xFFF8;
    private static final int VMM_LDT_SELECTOR = 0xFFF0;
    private static final int RING = 3;
    private static final int DPL = 3 << AccessRights.DPL_SHIFT;
    private static final int RING_1 = 1 << AccessRights.DPL_SHIFT;

    /** Flags that the guest may see and change as it likes; IF and IOPL are the VMM's. */
    private static final int GUEST_FLAGS = Flags.TF | Flags.DF | Flags.NT | Flags.RF | Flags.AC | Flags.ID;

    private static final long GUEST_CR0 = ControlRegister.CR0_MP
            | ControlRegister.CR0_EM
            | ControlRegister.CR0_TS
            | ControlRegister.CR0_NE
            | ControlRegister.CR0_AM;
    private static final long VMM_CR0 =
            ControlRegister.CR0_PE | ControlRegister.CR0_ET | ControlRegister.CR0_WP | ControlRegister.CR0_PG;

    private final Cpu virtual;
    private final Cpu physical;
    private final VmmArea area;

    // The two processors' counts when the segment registers of both last stood for each other.
    private long virtualSegments = -1;
    private long virtualPrivilege = -1;
    private long physicalSegments = -1;
    private long physicalPrivilege = -1;

    // What the physical processor's system registers were last made from.
    private boolean systemKnown;
    private long cr0;
    private long cr4;
    private long efer;
    private boolean tablesMapped;
    private int gdtrLimit;
    private int ldtRights;
    private long ldtLimit;

    WorldSwitch(Cpu virtual, Cpu physical, VmmArea area) {
        this.virtual = virtual;
        this.physical = physical;
        this.area = area;
    }

    /**
     * Whether ring 1 or 3 can stand for what the virtual processor is: protected mode at privilege level 0, or at 3 with the
     * flags that a program sees as the physical processor has them; with no segment of the rings between.
     */
    boolean isRepresentable() {
        if (!virtual.protectedMode || virtual.virtual8086) return false;
        boolean program = virtual.cpl == RING && virtual.interruptsEnabled() && virtual.ioPrivilegeLevel() == 0;
        if (virtual.cpl != 0 && !program) return false;
        for (int segment = 0; segment <= GS; segment++) {
            int privilege = AccessRights.dpl(virtual.segmentRights[segment]);
            if (privilege == 1 || privilege == 2) return false;
        }
        return true;
    }

    // ---- to the physical processor

    /** The physical processor's own control registers and tables are up to date; the shadow page tables' root is loaded. */
    void enter() {
        boolean changed = false;
        if (virtual.segmentChanges != virtualSegments) changed = segmentsIn(0, GS);
        else if (virtual.privilegeChanges != virtualPrivilege) privilegeIn();
        if (!systemIsIn()) changed |= systemIn();
        changed |= flagsIn();
        physical.rip = virtual.rip;
        physical.mxcsr = virtual.mxcsr;
        physical.cr2 = virtual.cr2;
        physical.completedInstructions = virtual.completedInstructions;
        physical.msr.tscOffset = virtual.msr.tscOffset;
        physical.msr.tscAux = virtual.msr.tscAux;
        if (changed) physical.updateMode();
        segmentsAgree();
    }

    private void segmentsAgree() {
        virtualSegments = virtual.segmentChanges;
        virtualPrivilege = virtual.privilegeChanges;
        physicalSegments = physical.segmentChanges;
        physicalPrivilege = physical.privilegeChanges;
    }

    private boolean flagsIn() {
        physical.flagResult = virtual.flagResult;
        physical.flagAux = virtual.flagAux;
        // The virtual processor has just looked for a breakpoint here: RF keeps the physical one from doing so again.
        int flags = virtual.otherFlags & GUEST_FLAGS | Flags.RESERVED_ONE | Flags.IF | Flags.RF;
        boolean alignmentCheck = ((physical.otherFlags ^ flags) & Flags.AC) != 0;
        physical.otherFlags = flags;
        return alignmentCheck;
    }

    /** A system call or an interrupt within 64-bit mode, and the return from it, load CS and SS alone. */
    private void privilegeIn() {
        if (segmentsIn(CS, SS)) physical.updateCodeAndStack();
    }

    private boolean segmentsIn(int first, int last) {
        boolean changed = false;
        for (int segment = first; segment <= last; segment++) {
            int selector = virtual.selector[segment];
            if (virtual.cpl == 0 && (segment == CS || segment == SS)) selector |= 1;
            int rights = virtual.segmentRights[segment];
            if (AccessRights.dpl(rights) == 0) rights |= RING_1;
            changed |= set(segment, selector, rights, virtual.segmentBase[segment], virtual.segmentLimit[segment]);
        }
        return changed;
    }

    private boolean set(int segment, int selector, int rights, long base, long limit) {
        boolean changed = physical.segmentRights[segment] != rights
                || physical.segmentBase[segment] != base
                || physical.segmentLimit[segment] != limit;
        physical.selector[segment] = selector;
        physical.segmentRights[segment] = rights;
        physical.segmentBase[segment] = base;
        physical.segmentLimit[segment] = limit;
        return changed;
    }

    /** Nothing the guest does on the physical processor changes these: each attempt is an exit. */
    private boolean systemIsIn() {
        return systemKnown
                && physical.gdtrBase == area.gdt()
                && tablesMapped == area.isMapped()
                && cr0 == virtual.cr0
                && cr4 == virtual.cr4
                && efer == virtual.msr.efer
                && gdtrLimit == virtual.gdtrLimit
                && ldtRights == virtual.segmentRights[LDTR]
                && ldtLimit == virtual.segmentLimit[LDTR];
    }

    private boolean systemIn() {
        systemKnown = true;
        tablesMapped = area.isMapped();
        cr0 = virtual.cr0;
        cr4 = virtual.cr4;
        efer = virtual.msr.efer;
        gdtrLimit = virtual.gdtrLimit;
        ldtRights = virtual.segmentRights[LDTR];
        ldtLimit = virtual.segmentLimit[LDTR];
        long cr0In = cr0 & GUEST_CR0 | VMM_CR0;
        long cr4In = cr4 | ControlRegister.CR4_PAE;
        long eferIn = ModelSpecificRegisters.EFER_NXE
                | efer & (ModelSpecificRegisters.EFER_LME | ModelSpecificRegisters.EFER_LMA);
        boolean changed = physical.cr0 != cr0In || physical.cr4 != cr4In || physical.msr.efer != eferIn;
        physical.cr0 = cr0In;
        physical.cr4 = cr4In;
        physical.msr.efer = eferIn;
        physical.gdtrBase = area.gdt();
        // Without the tables there is no descriptor within the limit.
        physical.gdtrLimit = tablesMapped ? gdtrLimit : 0;
        physical.idtrBase = area.gdt();
        physical.idtrLimit = 0;
        boolean ldt = tablesMapped && (ldtRights & AccessRights.UNUSABLE) == 0;
        physical.selector[LDTR] = ldt ? VMM_LDT_SELECTOR : 0;
        physical.segmentBase[LDTR] = area.ldt();
        physical.segmentLimit[LDTR] = ldtLimit;
        physical.segmentRights[LDTR] = ldt ? ldtRights : AccessRights.UNUSABLE;
        // Too short for an I/O permission map: every port access faults.
        physical.selector[TR] = VMM_TSS_SELECTOR;
        physical.segmentBase[TR] = area.gdt();
        physical.segmentLimit[TR] = 0;
        return changed;
    }

    // ---- back to the virtual processor

    void leave() {
        virtual.rip = physical.rip;
        virtual.flagResult = physical.flagResult;
        virtual.flagAux = physical.flagAux;
        virtual.otherFlags = virtual.otherFlags & ~GUEST_FLAGS | physical.otherFlags & GUEST_FLAGS;
        virtual.mxcsr = physical.mxcsr;
        virtual.completedInstructions = physical.completedInstructions;
        virtual.position = 0;
        virtual.interruptShadow |= physical.interruptShadow;
        virtual.debugShadow |= physical.debugShadow;
        physical.interruptShadow = false;
        physical.debugShadow = false;
        virtual.pendingDebugTraps |= physical.pendingDebugTraps;
        physical.pendingDebugTraps = 0;
        floatingPointPointersOut();
        if (physical.segmentChanges == physicalSegments && physical.privilegeChanges == physicalPrivilege) return;
        segmentsOut();
        segmentsAgree();
    }

    /** The unit notes the selectors that its last instruction was reached through: in ring 1, those of ring 1. */
    private void floatingPointPointersOut() {
        if (physical.cpl == RING) return;
        FpuState fpu = virtual.fpu;
        if (fpu.lastInstructionSelector == physical.selector[CS]) fpu.lastInstructionSelector &= ~RING;
        if (fpu.lastDataSelector == physical.selector[SS]) fpu.lastDataSelector &= ~RING;
    }

    private void segmentsOut() {
        boolean changed = false;
        int ring = physical.cpl == RING ? RING : 0;
        for (int segment = 0; segment <= GS; segment++) {
            int selector = physical.selector[segment];
            if (segment == CS || segment == SS) selector = selector & ~RING | selector & ring;
            int rights = physical.segmentRights[segment];
            if ((rights & DPL) == RING_1) rights &= ~DPL;
            changed |= virtual.segmentRights[segment] != rights
                    || virtual.segmentBase[segment] != physical.segmentBase[segment]
                    || virtual.segmentLimit[segment] != physical.segmentLimit[segment];
            virtual.selector[segment] = selector;
            virtual.segmentRights[segment] = rights;
            virtual.segmentBase[segment] = physical.segmentBase[segment];
            virtual.segmentLimit[segment] = physical.segmentLimit[segment];
        }
        if (changed) virtual.updateMode();
    }
}
