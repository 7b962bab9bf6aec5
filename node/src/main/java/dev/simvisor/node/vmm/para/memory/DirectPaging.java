package dev.simvisor.node.vmm.para.memory;

import static dev.simvisor.node.vmm.para.memory.PageTableEntry.ACCESSED;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.CACHE_DISABLE;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.DIRTY;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.ENTRIES;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.GLOBAL;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.GRANT;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.GUEST_KERNEL;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.LARGE;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.PRESENT;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.USER;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.WRITABLE;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.WRITE_THROUGH;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.isPresent;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.isWritable;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.mfn;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.abi.XenError;

/**
 * The guest's page tables are those that the processor uses. They hold machine frame numbers and are read-only to the guest,
 * which asks the VMM for each change; an entry comes into force only if what it maps is the guest's to map that way.
 *
 * <p>As the guest's kernel runs in ring 3 beside its programs, all its pages are user pages; programs have page tables of
 * their own that lack them. Their own pages are global, so that they survive the switch between the two.
 */
public final class DirectPaging implements FrameTable.Promotion {
    /** In entries of level 2 to 4. */
    private static final long DISALLOWED_ABOVE = WRITE_THROUGH | CACHE_DISABLE | LARGE | GLOBAL;

    private static final long DISALLOWED_L1 = WRITE_THROUGH | CACHE_DISABLE | LARGE | GRANT;
    /** As wide as the machine's physical addresses may be; reserved bits of the entry are above. */
    private static final long BEYOND_PHYSICAL = 0x000F_0000_0000_0000L;

    private static final long INVALID_MFN = 0xFF_FFFF_FFFFL;

    private final DomainMemory domain;
    private final FrameTable frames;
    private final HypervisorSpace space;
    private final ExitLedger ledger;

    public DirectPaging(DomainMemory domain, FrameTable frames, HypervisorSpace space, ExitLedger ledger) {
        this.domain = domain;
        this.frames = frames;
        this.space = space;
        this.ledger = ledger;
        frames.promoteWith(this);
    }

    // ---- whole tables

    @Override
    public void validate(int gfn, FrameType type) {
        switch (type) {
            case L1, L2, L3, L4 -> validateTable(gfn, type.level());
            case SEGMENT_DESCRIPTORS -> SegmentDescriptors.validate(frames, gfn);
            case NONE, WRITABLE -> throw new IllegalStateException("nothing to validate for " + type);
        }
    }

    private void validateTable(int gfn, int level) {
        ledger.count(ExitKind.PAGE_TABLE_VALIDATION);
        int index = 0;
        try {
            for (; index < ENTRIES; index++) {
                long entry = frames.read(gfn, index);
                if (!isPresent(entry) || level == 4 && HypervisorSpace.isReserved(index)) continue;
                long accepted = acquire(entry, level);
                if (accepted != entry) frames.write(gfn, index, accepted);
            }
        } catch (XenError refused) {
            while (--index >= 0) release(gfn, index, level);
            throw refused;
        }
        if (level == 4) space.mapInto(frames, gfn);
    }

    @Override
    public void invalidate(int gfn, FrameType type) {
        int level = type.level();
        if (level == 0) return;
        ledger.count(ExitKind.PAGE_TABLE_VALIDATION);
        for (int index = 0; index < ENTRIES; index++) release(gfn, index, level);
    }

    private void release(int gfn, int index, int level) {
        long entry = frames.read(gfn, index);
        if (isPresent(entry) && !(level == 4 && HypervisorSpace.isReserved(index))) release(entry, level);
    }

    // ---- entries

    /** Checks a present entry and takes what it refers to; returns the entry as it is to stand in the table. */
    private long acquire(long entry, int level) {
        if (level == 1) return acquirePage(entry);
        if ((entry & (DISALLOWED_ABOVE | BEYOND_PHYSICAL)) != 0) throw XenError.EINVAL;
        int table = domain.gfn(mfn(entry));
        if (table == DomainMemory.NONE) throw XenError.EINVAL;
        frames.takeAs(table, FrameType.table(level - 1));
        return entry | USER;
    }

    private long acquirePage(long entry) {
        long adjusted = checkedPage(entry);
        int page = pageOf(entry);
        if (!frames.isAllocated(page)) throw XenError.EBUSY;
        if (isWritable(entry)) {
            try {
                frames.takeAs(page, FrameType.WRITABLE);
            } catch (XenError inUse) {
                throw XenError.EBUSY;
            }
        } else {
            frames.take(page);
        }
        return adjusted;
    }

    /** A present level-1 entry with the flags that Xen's guests find in it (64-bit guests: arch/x86 adjusts them so). */
    private static long checkedPage(long entry) {
        if ((entry & (DISALLOWED_L1 | BEYOND_PHYSICAL)) != 0) throw XenError.EINVAL;
        if ((entry & USER) == 0) return entry | GUEST_KERNEL | USER;
        return (entry & GUEST_KERNEL) == 0 ? entry | GLOBAL : entry;
    }

    private int pageOf(long entry) {
        int page = domain.gfn(mfn(entry));
        if (page != DomainMemory.NONE) return page;
        if (domain.map().isMemory(mfn(entry))) throw XenError.EBUSY;
        throw mfn(entry) == INVALID_MFN ? XenError.EINVAL : XenError.EPERM;
    }

    private void release(long entry, int level) {
        int gfn = domain.gfn(mfn(entry));
        if (level > 1 || isWritable(entry)) frames.dropAs(gfn);
        else frames.drop(gfn);
    }

    /**
     * Changes an entry of a frame that is in use as a page table, and has a reference of the caller's.
     *
     * @param preserve keeps the accessed and dirty flags of the old entry
     */
    public void update(int table, int index, long wanted, boolean preserve) {
        int level = frames.type(table).level();
        if (level == 4 && HypervisorSpace.isReserved(index)) throw XenError.EINVAL;
        long old = frames.read(table, index);
        long entry = preserve ? wanted | old & (ACCESSED | DIRTY) : wanted;
        if (isPresent(entry)) {
            boolean same = isPresent(old) && ((old ^ entry) & (WRITABLE | PRESENT)) == 0 && mfn(old) == mfn(entry);
            if (same) {
                frames.write(table, index, recheck(entry, level));
                return;
            }
            entry = acquire(entry, level);
        }
        frames.write(table, index, entry);
        if (isPresent(old)) release(old, level);
    }

    /** An entry that refers to the same as before, the same way. */
    private static long recheck(long entry, int level) {
        if (level == 1) return checkedPage(entry);
        if ((entry & (DISALLOWED_ABOVE | BEYOND_PHYSICAL)) != 0) throw XenError.EINVAL;
        return entry | USER;
    }

    // ---- looking up

    /** An entry of a page table. */
    public long entry(int table, int index) {
        return frames.read(table, index);
    }

    /** The gfn of the level-1 table for a linear address, or {@link DomainMemory#NONE}. */
    public int tableOf(int root, long linear) {
        int table = root;
        for (int level = 4; level > 1; level--) {
            int index = PageTableEntry.index(linear, level);
            if (level == 4 && HypervisorSpace.isReserved(index)) return DomainMemory.NONE;
            long entry = frames.read(table, index);
            if (!isPresent(entry)) return DomainMemory.NONE;
            table = domain.gfn(mfn(entry));
            if (table == DomainMemory.NONE) return DomainMemory.NONE;
        }
        return table;
    }

    /** The level-1 entry for a linear address, 0 if there is no table for it. */
    public long entryOf(int root, long linear) {
        int table = tableOf(root, linear);
        return table == DomainMemory.NONE ? 0 : frames.read(table, PageTableEntry.index(linear, 1));
    }
}
