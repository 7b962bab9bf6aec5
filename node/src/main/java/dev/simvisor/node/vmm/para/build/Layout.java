package dev.simvisor.node.vmm.para.build;

/**
 * Where things lie in a new domain, in frames from its first. Up to {@link #mappedEnd} they are mapped at the kernel's virtual
 * base one after the other; the initial file system and the p2m may lie above, unmapped or mapped elsewhere.
 *
 * @param module the initial file system, if there is one
 * @param p2m the table of machine frames
 * @param p2mTables page tables that map it at an address of its own; none if it lies among the mapped
 * @param pageTables the first is the root
 * @param pageTableCount in the mapped part
 */
record Layout(
        int module,
        int p2m,
        int p2mTables,
        int p2mTableCount,
        int startInfo,
        int xenstore,
        int console,
        int pageTables,
        int pageTableCount,
        int stack,
        int mappedEnd,
        int end) {
    private static final int ENTRIES = 512;
    /** The mapping extends half a MiB beyond what is in it, to a multiple of 4 MiB (public header xen.h, start of day). */
    private static final int PADDING = 0x80000 >> 12;

    private static final int MAPPING_UNIT = 0x400000 >> 12;

    /**
     * @param kernelEnd first frame after the kernel
     * @param moduleFrames size of the initial file system
     * @param mapModule whether it has to be mapped
     * @param p2mFrames size of the p2m
     * @param p2mVirtual where to map the p2m, 0 for among the rest
     */
    static Layout of(
            long virtualBase, int kernelEnd, int moduleFrames, boolean mapModule, int p2mFrames, long p2mVirtual) {
        int next = kernelEnd;
        int module = next;
        if (mapModule) next += moduleFrames;
        int p2m = next;
        if (p2mVirtual == 0) next += p2mFrames;
        int startInfo = next++;
        int xenstore = next++;
        int console = next++;
        int pageTables = next;
        int count = 0;
        int mappedEnd = 0;
        // The page tables map themselves: as many as are needed for as many.
        for (int needed = 4; needed != count; ) {
            count = needed;
            int used = pageTables + count + 1 + PADDING;
            mappedEnd = Math.ceilDiv(used, MAPPING_UNIT) * MAPPING_UNIT;
            needed = 1 + tables(virtualBase, mappedEnd);
        }
        int stack = pageTables + count;
        int end = mappedEnd;
        if (!mapModule) {
            module = end;
            end += moduleFrames;
        }
        int p2mTables = 0;
        int p2mTableCount = 0;
        if (p2mVirtual != 0) {
            p2m = end;
            p2mTables = p2m + p2mFrames;
            p2mTableCount = tables(p2mVirtual, p2mFrames);
            end = p2mTables + p2mTableCount;
        }
        return new Layout(
                module,
                p2m,
                p2mTables,
                p2mTableCount,
                startInfo,
                xenstore,
                console,
                pageTables,
                count,
                stack,
                mappedEnd,
                end);
    }

    /** Page tables of level 1 to 3 for so many pages at an address. */
    private static int tables(long virtual, int pages) {
        int count = 0;
        long first = virtual >>> 12 & (1L << 36) - 1;
        long last = first + pages - 1;
        for (int level = 1; level <= 3; level++) {
            first /= ENTRIES;
            last /= ENTRIES;
            count += (int) (last - first + 1);
        }
        return count;
    }
}
