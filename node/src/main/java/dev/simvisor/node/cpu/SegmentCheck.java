package dev.simvisor.node.cpu;

/** The full limit and type check of a memory access (SDM Vol 3A §5.3, §5.5), for what the fast check does not let pass. */
final class SegmentCheck {
    private SegmentCheck() {}

    /** Linear address for a read; throws #GP(0), or #SS(0) through SS. */
    static long read(Cpu cpu, int segment, long offset, int size) {
        if (cpu.codeSize != 64) {
            int rights = cpu.segmentRights[segment];
            boolean executeOnly = (rights & (AccessRights.CODE | AccessRights.READABLE)) == AccessRights.CODE;
            if (unusable(rights) || executeOnly || outside(cpu, segment, offset, size)) throw violation(cpu, segment);
        }
        return linear(cpu, segment, offset);
    }

    /** Linear address for a write; throws #GP(0), or #SS(0) through SS. */
    static long write(Cpu cpu, int segment, long offset, int size) {
        if (cpu.codeSize != 64) {
            int rights = cpu.segmentRights[segment];
            boolean writable = (rights & (AccessRights.CODE | AccessRights.WRITABLE)) == AccessRights.WRITABLE;
            // Real-address mode and virtual-8086 mode check no types: a code segment there is as writable as any.
            boolean typed = cpu.protectedMode && !cpu.virtual8086;
            if (unusable(rights) || typed && !writable || outside(cpu, segment, offset, size)) {
                throw violation(cpu, segment);
            }
        }
        return linear(cpu, segment, offset);
    }

    private static boolean unusable(int rights) {
        return (rights & AccessRights.UNUSABLE) != 0;
    }

    private static boolean outside(Cpu cpu, int segment, long offset, int size) {
        long limit = cpu.segmentLimit[segment];
        long last = offset + size - 1;
        int rights = cpu.segmentRights[segment];
        if ((rights & (AccessRights.CODE | AccessRights.EXPAND_DOWN)) == AccessRights.EXPAND_DOWN) {
            long top = (rights & AccessRights.DEFAULT_BIG) != 0 ? 0xFFFF_FFFFL : 0xFFFFL;
            return offset <= limit || last > top;
        }
        return last > limit;
    }

    private static GuestException violation(Cpu cpu, int segment) {
        return cpu.raise(
                segment == SegmentRegister.SS ? GuestException.STACK_FAULT : GuestException.GENERAL_PROTECTION, 0);
    }

    private static long linear(Cpu cpu, int segment, long offset) {
        long sum = cpu.effectiveBase[segment] + offset;
        return cpu.codeSize == 64 ? sum : sum & 0xFFFF_FFFFL;
    }
}
