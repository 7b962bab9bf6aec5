package dev.simvisor.node.cpu;

/** Segment registers of base 0 and limit 4 GiB, for tests that need no descriptors in memory. */
public final class FlatSegmentRegisters {
    private FlatSegmentRegisters() {}

    /**
     * Fills them but for the selectors; the caller updates the mode.
     *
     * @param codeSize 32 or 64
     */
    public static void fill(Cpu cpu, int codeSize) {
        for (int segment = SegmentRegister.ES; segment <= SegmentRegister.GS; segment++) {
            boolean code = segment == SegmentRegister.CS;
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0xFFFF_FFFFL;
            cpu.segmentRights[segment] = AccessRights.PRESENT
                    | AccessRights.CODE_OR_DATA
                    | AccessRights.WRITABLE
                    | (code ? AccessRights.CODE : 0)
                    | (code && codeSize == 64 ? AccessRights.LONG : AccessRights.DEFAULT_BIG);
        }
    }
}
