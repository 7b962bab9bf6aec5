package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.Cpu;

/** What LAR, LSL, VERR and VERW find out about a selector without loading it (SDM Vol 2). */
public final class DescriptorInspection {
    public static final long NOTHING = -1;

    /**
     * Silicon returns all of bits 23:8 of the second doubleword, the limit's bits 19:16 among them, which the manual calls
     * undefined.
     */
    private static final long RIGHTS = 0xFF_FF00;

    private DescriptorInspection() {}

    /** The second doubleword's rights in place, or {@link #NOTHING}. */
    public static long accessRights(Cpu cpu, int selector) {
        if (!inTable(cpu, selector)) return NOTHING;
        long descriptor = read(cpu, selector);
        boolean visible =
                !SegmentDescriptor.isSystem(descriptor) || hasRights(cpu, descriptor) && isWhole(cpu, selector);
        return visible && privileged(cpu, selector, descriptor) ? descriptor >>> 32 & RIGHTS : NOTHING;
    }

    /** The limit in bytes, or {@link #NOTHING}. */
    public static long limit(Cpu cpu, int selector) {
        if (!inTable(cpu, selector)) return NOTHING;
        long descriptor = read(cpu, selector);
        boolean visible =
                !SegmentDescriptor.isSystem(descriptor) || hasLimit(cpu, descriptor) && isWhole(cpu, selector);
        return visible && privileged(cpu, selector, descriptor) ? SegmentDescriptor.limit(descriptor) : NOTHING;
    }

    public static boolean readable(Cpu cpu, int selector) {
        if (!inTable(cpu, selector)) return false;
        long descriptor = read(cpu, selector);
        return SegmentDescriptor.isReadable(descriptor) && privileged(cpu, selector, descriptor);
    }

    public static boolean writable(Cpu cpu, int selector) {
        if (!inTable(cpu, selector)) return false;
        long descriptor = read(cpu, selector);
        return SegmentDescriptor.isWritableData(descriptor) && privileged(cpu, selector, descriptor);
    }

    private static boolean inTable(Cpu cpu, int selector) {
        return !Selector.isNull(selector) && DescriptorTable.contains(cpu, selector, 8);
    }

    private static long read(Cpu cpu, int selector) {
        return cpu.memory.readSystem64(DescriptorTable.address(cpu, selector));
    }

    /** Long mode's system descriptors take 16 bytes, with a zero type in the second half. */
    private static boolean isWhole(Cpu cpu, int selector) {
        return !cpu.longMode || DescriptorTable.upperIsWellFormed(cpu, selector);
    }

    private static boolean privileged(Cpu cpu, int selector, long descriptor) {
        if (SegmentDescriptor.isConformingCode(descriptor)) return true;
        int privilege = SegmentDescriptor.privilege(descriptor);
        return privilege >= cpu.cpl && privilege >= Selector.requestedPrivilege(selector);
    }

    /** System descriptors that LSL knows: segments, not gates. */
    private static boolean hasLimit(Cpu cpu, long descriptor) {
        return switch (SegmentDescriptor.type(descriptor)) {
            case SegmentDescriptor.LDT, SegmentDescriptor.AVAILABLE_TSS, SegmentDescriptor.BUSY_TSS -> true;
            case SegmentDescriptor.AVAILABLE_16_BIT_TSS, SegmentDescriptor.BUSY_16_BIT_TSS -> !cpu.longMode;
            default -> false;
        };
    }

    private static boolean hasRights(Cpu cpu, long descriptor) {
        return switch (SegmentDescriptor.type(descriptor)) {
            case SegmentDescriptor.CALL_GATE -> true;
            case SegmentDescriptor.CALL_GATE_16_BIT, SegmentDescriptor.TASK_GATE -> !cpu.longMode;
            default -> hasLimit(cpu, descriptor);
        };
    }
}
