package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.GuestException.GENERAL_PROTECTION;
import static dev.simvisor.node.cpu.GuestException.SEGMENT_NOT_PRESENT;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/** The checks of a code segment that control is about to be transferred to (SDM Vol 3A §5.8). */
final class CodeTarget {
    private CodeTarget() {}

    /** A code segment named by a direct far JMP or CALL. */
    static void checkDirect(Cpu cpu, int selector, long descriptor) {
        int privilege = SegmentDescriptor.privilege(descriptor);
        boolean allowed = SegmentDescriptor.isConformingCode(descriptor)
                ? privilege <= cpu.cpl
                : privilege == cpu.cpl && Selector.requestedPrivilege(selector) <= cpu.cpl;
        if (!SegmentDescriptor.isCode(descriptor) || !allowed || longAndBig(cpu, descriptor)) {
            throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, selector);
        }
        checkPresent(cpu, selector, descriptor);
    }

    /** A code segment that a RET or IRET goes back to, at the privilege in the selector. */
    static void checkReturn(Cpu cpu, int selector, long descriptor) {
        int privilege = SegmentDescriptor.privilege(descriptor);
        int requested = Selector.requestedPrivilege(selector);
        boolean allowed = requested >= cpu.cpl
                && (SegmentDescriptor.isConformingCode(descriptor) ? privilege <= requested : privilege == requested);
        if (!SegmentDescriptor.isCode(descriptor) || !allowed || longAndBig(cpu, descriptor)) {
            throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, selector);
        }
        checkPresent(cpu, selector, descriptor);
    }

    static void checkPresent(Cpu cpu, int selector, long descriptor) {
        if (!SegmentDescriptor.isPresent(descriptor)) {
            throw DescriptorTable.fault(cpu, SEGMENT_NOT_PRESENT, selector);
        }
    }

    /** L and D both set are reserved in long mode. */
    private static boolean longAndBig(Cpu cpu, long descriptor) {
        return cpu.longMode && SegmentDescriptor.isLong(descriptor) && SegmentDescriptor.isBig(descriptor);
    }

    /** Whether code of this segment runs in 64-bit mode. */
    static boolean runs64Bit(Cpu cpu, long descriptor) {
        return cpu.longMode && SegmentDescriptor.isLong(descriptor);
    }

    /** The new instruction pointer lies within the segment's limit, or is canonical where there is none; else #GP(0). */
    static void checkOffset(Cpu cpu, long descriptor, long offset) {
        boolean inside = runs64Bit(cpu, descriptor)
                ? LinearMemory.canonical(offset)
                : offset <= SegmentDescriptor.limit(descriptor);
        if (!inside) throw cpu.generalProtection(0);
    }

    /** Makes the checked segment CS at {@code privilege}. The caller marked it accessed and updates the mode. */
    static void commit(Cpu cpu, int selector, int privilege, long descriptor, long offset) {
        Segmentation.setCode(cpu, selector, privilege, descriptor);
        cpu.rip = offset;
    }
}
