package dev.simvisor.node.vmm.para.image;

import static dev.simvisor.node.vmm.para.memory.PageTableEntry.ENTRIES;

import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.nio.ByteBuffer;

/** A page table whose present entries name gfns, without what the VMM keeps in the highest level. */
final class CanonicalTable {
    private CanonicalTable() {}

    static void canonicalise(ByteBuffer table, int level, DomainMemory memory) {
        for (int index = 0; index < ENTRIES; index++) {
            long entry = table.getLong(8 * index);
            if (level == 4 && HypervisorSpace.isReserved(index)) table.putLong(8 * index, 0);
            else if (PageTableEntry.isPresent(entry)) table.putLong(8 * index, canonical(entry, memory));
        }
    }

    private static long canonical(long entry, DomainMemory memory) {
        int gfn = memory.gfn(PageTableEntry.mfn(entry));
        // Tables in use refer to nothing but the domain's own frames: they are validated.
        return gfn == DomainMemory.NONE ? 0 : PageTableEntry.withFrame(entry, gfn);
    }

    /** The entry as it is to stand in this domain's table; throws when it names no frame of the domain. */
    static long local(long entry, DomainMemory memory) throws UnusableStateException {
        if (!PageTableEntry.isPresent(entry)) return entry;
        return PageTableEntry.withFrame(entry, memory.mfn(gfn(entry, memory)));
    }

    static int gfn(long entry, DomainMemory memory) throws UnusableStateException {
        long gfn = PageTableEntry.mfn(entry);
        if (gfn >= memory.endFrame()) {
            throw new UnusableStateException("a page table of the saved state maps frame 0x%x: expected one below 0x%x"
                    .formatted(gfn, memory.endFrame()));
        }
        return (int) gfn;
    }
}
