package dev.simvisor.node.vmm.para.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.grant.GrantTable;

/**
 * Counts anew what refers to each frame of a domain, from nothing but its page tables, pins, grants and vCPUs, and holds the frame
 * table to it. What the counts do not explain would be a mapping that the VMM does not know of.
 */
public final class FrameAudit {
    private final Domain domain;
    private final FrameTable frames;
    private final DomainMemory memory;
    private final int[] references;
    private final int[] uses;
    private final long[] reserved;

    /** Of a domain that has not run yet. */
    public FrameAudit(Domain domain) {
        this.domain = domain;
        frames = domain.frames();
        memory = domain.memory();
        references = new int[memory.endFrame()];
        uses = new int[memory.endFrame()];
        reserved = new long[PageTableEntry.ENTRIES];
        int root = domain.vcpu(0).kernelTable();
        for (int index = 0; index < reserved.length; index++) {
            if (HypervisorSpace.isReserved(index)) reserved[index] = frames.read(root, index);
        }
    }

    /** Whether the machine frame belongs to this domain's guest. */
    public static boolean isGuests(Domain domain, long mfn) {
        int gfn = domain.memory().gfn(mfn);
        return gfn != DomainMemory.NONE && domain.frames().isAllocated(gfn);
    }

    /**
     * @param where for the message
     */
    public void check(String where) {
        for (int gfn = 0; gfn < references.length; gfn++) {
            references[gfn] = frames.isAllocated(gfn) ? 1 : 0;
            boolean shared = gfn >= memory.guestFrames() && frames.isAllocated(gfn);
            uses[gfn] = shared ? 1 : 0;
            if (frames.isPinned(gfn)) use(gfn);
            GrantTable grants = domain.grants().table();
            references[gfn] += grants.uses(memory.mfn(gfn), false);
            for (int n = grants.uses(memory.mfn(gfn), true); n > 0; n--) use(gfn);
        }
        for (Vcpu vcpu : domain.vcpuList()) {
            if (vcpu.hasKernelTable()) use(vcpu.kernelTable());
            if (vcpu.hasUserTable()) use(vcpu.userTable());
        }
        for (int gfn = 0; gfn < references.length; gfn++) {
            int level = frames.type(gfn).level();
            if (level > 0) countTable(gfn, level, where);
        }
        for (int gfn = 0; gfn < references.length; gfn++) {
            FrameType type = frames.type(gfn);
            // Descriptor tables and what vCPUs write to for the guest hold frames too.
            boolean heldOtherwise = type == FrameType.SEGMENT_DESCRIPTORS || type == FrameType.WRITABLE;
            String what = where + ": frame " + gfn + ", " + type;
            if (heldOtherwise) {
                assertThat(frames.typeCount(gfn)).as(what).isGreaterThanOrEqualTo(uses[gfn]);
                assertThat(frames.references(gfn)).as(what).isGreaterThanOrEqualTo(references[gfn]);
            } else {
                assertThat(frames.typeCount(gfn)).as("uses of " + what).isEqualTo(uses[gfn]);
                assertThat(frames.references(gfn)).as("references to " + what).isEqualTo(references[gfn]);
            }
        }
    }

    private void use(int gfn) {
        references[gfn]++;
        uses[gfn]++;
    }

    private void countTable(int table, int level, String where) {
        for (int index = 0; index < PageTableEntry.ENTRIES; index++) {
            long entry = frames.read(table, index);
            if (level == 4 && HypervisorSpace.isReserved(index)) {
                assertThat(entry & ~(PageTableEntry.ACCESSED | PageTableEntry.DIRTY))
                        .as(where + ": the VMM's entry " + index)
                        .isEqualTo(reserved[index] & ~(PageTableEntry.ACCESSED | PageTableEntry.DIRTY));
                continue;
            }
            if (!PageTableEntry.isPresent(entry)) continue;
            String what = "%s: entry %d of level-%d table %d: %x".formatted(where, index, level, table, entry);
            int gfn = memory.gfn(PageTableEntry.mfn(entry));
            assertThat(gfn).as(what).isNotEqualTo(DomainMemory.NONE);
            FrameType type = frames.type(gfn);
            if (level > 1) {
                assertThat(type).as(what).isEqualTo(FrameType.table(level - 1));
                use(gfn);
            } else if (PageTableEntry.isWritable(entry)) {
                assertThat(type).as(what).isEqualTo(FrameType.WRITABLE);
                use(gfn);
            } else {
                references[gfn]++;
            }
        }
    }
}
