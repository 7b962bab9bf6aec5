package dev.simvisor.node.vmm.para.image;

import static dev.simvisor.node.vmm.para.memory.PageTableEntry.ENTRIES;

import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.util.BitSet;

/** Turns the page tables of an image, whose pages have been put into a new domain's memory, into tables of that domain's. */
final class Localisation {
    private final Domain domain;
    private final DomainMemory memory;
    /** By level. */
    private final BitSet[] tables = {new BitSet(), new BitSet(), new BitSet(), new BitSet(), new BitSet()};

    Localisation(Domain domain) {
        this.domain = domain;
        this.memory = domain.memory();
    }

    /**
     * Localises a table of {@code level} and all below it, those that have not been before.
     *
     * @throws UnusableStateException when it is none: it leads out of the domain, or is used at two levels
     */
    void table(int gfn, int level) throws UnusableStateException {
        if (level < 1 || level > 4 || gfn < 0 || gfn >= memory.guestFrames()) {
            throw new UnusableStateException("saved state has a page table of level " + level + " in frame " + gfn
                    + ": expected levels 1 to 4 below frame " + memory.guestFrames());
        }
        if (tables[level].get(gfn)) return;
        for (BitSet other : tables) {
            if (other.get(gfn)) {
                throw new UnusableStateException("frame " + gfn + " of the saved state is a page table of two levels");
            }
        }
        tables[level].set(gfn);
        for (int index = 0; index < ENTRIES; index++) {
            long entry = domain.frames().read(gfn, index);
            if (!PageTableEntry.isPresent(entry) || level == 4 && HypervisorSpace.isReserved(index)) continue;
            domain.frames().write(gfn, index, CanonicalTable.local(entry, memory));
            if (level > 1) table(CanonicalTable.gfn(entry, memory), level - 1);
        }
    }
}
