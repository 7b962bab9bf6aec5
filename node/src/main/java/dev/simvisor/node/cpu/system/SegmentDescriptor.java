package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.AccessRights;

/**
 * The fields of a descriptor, read from its raw 8 bytes (SDM Vol 3A §3.4.5, §3.5, §5.8.3, §6.11, §7.2).
 *
 * <p>The upper half of a 16-byte system descriptor of long mode holds bits 63:32 of the base or offset and is passed apart.
 */
public final class SegmentDescriptor {
    // Types of system descriptors (SDM Vol 3A table 3-2). In long mode 9, 11, 12, 14 and 15 mean the 64-bit kinds.
    public static final int AVAILABLE_16_BIT_TSS = 1;
    public static final int LDT = 2;
    public static final int BUSY_16_BIT_TSS = 3;
    public static final int CALL_GATE_16_BIT = 4;
    public static final int TASK_GATE = 5;
    public static final int INTERRUPT_GATE_16_BIT = 6;
    public static final int TRAP_GATE_16_BIT = 7;
    public static final int AVAILABLE_TSS = 9;
    public static final int BUSY_TSS = 11;
    public static final int CALL_GATE = 12;
    public static final int INTERRUPT_GATE = 14;
    public static final int TRAP_GATE = 15;

    /** Set in a TSS type while its task runs or waits for one that it called. */
    public static final int BUSY = 2;

    private static final int RIGHTS = 0xF0FF;
    private static final long PAGE_OFFSET = 0xFFF;

    private SegmentDescriptor() {}

    /** In the layout of {@link AccessRights}. */
    public static int rights(long descriptor) {
        return (int) (descriptor >>> 40) & RIGHTS;
    }

    public static int type(long descriptor) {
        return (int) (descriptor >>> 40) & AccessRights.TYPE;
    }

    /** Whether this is a system segment or a gate, not code or data. */
    public static boolean isSystem(long descriptor) {
        return (rights(descriptor) & AccessRights.CODE_OR_DATA) == 0;
    }

    public static boolean isCode(long descriptor) {
        int kind = AccessRights.CODE_OR_DATA | AccessRights.CODE;
        return (rights(descriptor) & kind) == kind;
    }

    public static boolean isConformingCode(long descriptor) {
        int kind = AccessRights.CODE_OR_DATA | AccessRights.CODE | AccessRights.CONFORMING;
        return (rights(descriptor) & kind) == kind;
    }

    public static boolean isWritableData(long descriptor) {
        int kind = AccessRights.CODE_OR_DATA | AccessRights.CODE | AccessRights.WRITABLE;
        return (rights(descriptor) & kind) == (AccessRights.CODE_OR_DATA | AccessRights.WRITABLE);
    }

    /** Whether data can be read through it: data, or code that is readable. */
    public static boolean isReadable(long descriptor) {
        int kind = AccessRights.CODE_OR_DATA | AccessRights.CODE | AccessRights.READABLE;
        int rights = rights(descriptor) & kind;
        return rights == kind
                || (rights & (AccessRights.CODE_OR_DATA | AccessRights.CODE)) == AccessRights.CODE_OR_DATA;
    }

    public static boolean isPresent(long descriptor) {
        return (rights(descriptor) & AccessRights.PRESENT) != 0;
    }

    public static boolean isAccessed(long descriptor) {
        return (rights(descriptor) & AccessRights.ACCESSED) != 0;
    }

    public static int privilege(long descriptor) {
        return AccessRights.dpl(rights(descriptor));
    }

    /** The L bit of a code segment. */
    public static boolean isLong(long descriptor) {
        return (rights(descriptor) & AccessRights.LONG) != 0;
    }

    /** The D or B bit. */
    public static boolean isBig(long descriptor) {
        return (rights(descriptor) & AccessRights.DEFAULT_BIG) != 0;
    }

    public static long base(long descriptor) {
        return descriptor >>> 16 & 0xFF_FFFFL | descriptor >>> 32 & 0xFF00_0000L;
    }

    /** The highest offset in bytes, granularity applied. */
    public static long limit(long descriptor) {
        long limit = descriptor & 0xFFFF | descriptor >>> 32 & 0xF_0000;
        boolean pages = (rights(descriptor) & AccessRights.GRANULARITY) != 0;
        return pages ? limit << 12 | PAGE_OFFSET : limit;
    }

    // ---- gates

    public static int gateSelector(long descriptor) {
        return (int) (descriptor >>> 16) & 0xFFFF;
    }

    /** Bits 31:0 of the offset; a 16-bit gate's has only bits 15:0. */
    public static long gateOffset(long descriptor) {
        long low = descriptor & 0xFFFF;
        boolean narrow = (type(descriptor) & 8) == 0;
        return narrow ? low : low | descriptor >>> 32 & 0xFFFF_0000L;
    }

    /** Number of words or doublewords that a call gate copies to the inner stack. */
    public static int parameterCount(long descriptor) {
        return (int) (descriptor >>> 32) & 0x1F;
    }

    /** Index of the interrupt-stack-table entry that a 64-bit gate uses, 0 for none. */
    public static int interruptStackTable(long descriptor) {
        return (int) (descriptor >>> 32) & 7;
    }

    /** Size in bits of what a transfer through a legacy gate pushes. */
    public static int gateSize(long descriptor) {
        return (type(descriptor) & 8) == 0 ? 16 : 32;
    }
}
