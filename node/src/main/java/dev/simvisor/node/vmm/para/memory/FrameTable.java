package dev.simvisor.node.vmm.para.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.vmm.para.memory.FrameType.NONE;
import static dev.simvisor.node.vmm.para.memory.FrameType.WRITABLE;

import dev.simvisor.node.vmm.para.abi.XenError;
import java.util.BitSet;

/**
 * What each frame of a domain is used as and how often: Xen's reference counts and type counts. A frame has a reference for
 * being the domain's, one for each mapping and one for each other use; it is free when the last is dropped. It has a type
 * count for each use as its type; a page table is validated when the first is taken, and its entries are let go of when the
 * last is dropped.
 */
public final class FrameTable {
    /** Checks and takes what a frame needs to become a page table or a descriptor table, and lets go of it. */
    interface Promotion {
        /** Validates a frame that is about to have its first use as {@code type}; throws having taken nothing. */
        void validate(int gfn, FrameType type);

        void invalidate(int gfn, FrameType type);
    }

    /** What a processor may have cached of a frame has to go. */
    public interface TlbFlush {
        /** Flushes the TLB of each processor that has not been flushed entirely since the time {@code stamp}. */
        void flushSince(long stamp);
    }

    private final DomainMemory domain;
    private final int[] references;
    private final FrameType[] types;
    private final int[] typeCounts;
    /** When the last use as the present type ended, by {@link #now}. */
    private final long[] typeEnded;

    private final BitSet allocated = new BitSet();
    private final BitSet pinned = new BitSet();
    /** Those with references. */
    private final BitSet inUse = new BitSet();

    private final TlbFlush tlbs;
    private Promotion promotion = new Promotion() {
        @Override
        public void validate(int gfn, FrameType type) {
            throw XenError.EINVAL;
        }

        @Override
        public void invalidate(int gfn, FrameType type) {}
    };
    /**
     * A guest advances it as often as it likes, some ten million times a second: a stamp that wrapped around would keep from
     * the processors that their TLBs are stale, and the guest could write its own page tables. 63 bits last for ever.
     */
    private long now = 1;

    private int frames;

    public FrameTable(DomainMemory domain, TlbFlush tlbs) {
        this.domain = domain;
        this.tlbs = tlbs;
        references = new int[domain.endFrame()];
        types = new FrameType[domain.endFrame()];
        java.util.Arrays.fill(types, NONE);
        typeCounts = new int[domain.endFrame()];
        typeEnded = new long[domain.endFrame()];
    }

    void promoteWith(Promotion how) {
        promotion = how;
    }

    // ---- the domain's frames

    /** Makes a free frame the domain's. */
    public void allocate(int gfn) {
        if (references[gfn] != 0) throw new IllegalStateException("frame " + gfn + " is in use");
        references[gfn] = 1;
        allocated.set(gfn);
        inUse.set(gfn);
        if (gfn < domain.guestFrames()) frames++;
    }

    /** The lowest free frame of the guest's memory at or above {@code from}, or {@link DomainMemory#NONE}. */
    public int firstFree(int from) {
        int gfn = inUse.nextClearBit(from);
        return gfn < domain.guestFrames() ? gfn : DomainMemory.NONE;
    }

    /** Frames that the guest has. */
    public int frames() {
        return frames;
    }

    /** Takes a frame from the domain; it is free once it is not mapped any more. Throws EINVAL if it is not the domain's. */
    public void deallocate(int gfn) {
        if (!isAllocated(gfn)) throw XenError.EINVAL;
        if (pinned.get(gfn)) unpin(gfn);
        allocated.clear(gfn);
        frames--;
        drop(gfn);
    }

    public boolean isAllocated(int gfn) {
        return allocated.get(gfn);
    }

    /** A frame that VMM and guest share: the guest may map it writable, and use it as nothing else. */
    public void share(int gfn) {
        allocate(gfn);
        types[gfn] = WRITABLE;
        typeCounts[gfn] = 1;
    }

    // ---- references

    /** Takes a reference; throws EINVAL unless the frame is the domain's. */
    public void take(int gfn) {
        if (!isAllocated(gfn)) throw XenError.EINVAL;
        references[gfn]++;
    }

    public void drop(int gfn) {
        if (--references[gfn] > 0) return;
        inUse.clear(gfn);
        tlbs.flushSince(now++);
        domain.memory().clearPage(gfn);
    }

    /** Takes a reference and a use as {@code type}; throws having taken neither. */
    public void takeAs(int gfn, FrameType type) {
        take(gfn);
        try {
            takeType(gfn, type);
        } catch (XenError refused) {
            references[gfn]--;
            throw refused;
        }
    }

    public void dropAs(int gfn) {
        dropType(gfn);
        drop(gfn);
    }

    // ---- types

    public FrameType type(int gfn) {
        return typeCounts[gfn] == 0 ? NONE : types[gfn];
    }

    /** Throws EINVAL while the frame is used as something else, or if it is not fit for the type. */
    void takeType(int gfn, FrameType type) {
        if (typeCounts[gfn] != 0) {
            if (types[gfn] != type) throw XenError.EINVAL;
            typeCounts[gfn]++;
            return;
        }
        // A processor may still have the frame cached as writable.
        if (types[gfn] != type && types[gfn] != NONE) tlbs.flushSince(typeEnded[gfn]);
        types[gfn] = type;
        typeCounts[gfn] = 1;
        if (type == WRITABLE) return;
        try {
            promotion.validate(gfn, type);
        } catch (XenError refused) {
            typeCounts[gfn] = 0;
            typeEnded[gfn] = now;
            throw refused;
        }
        meansOther(gfn);
    }

    /** What a frame holds is to be read another way from now on, which is as good as written: migration sends it again. */
    private void meansOther(int gfn) {
        domain.memory().logWrite(gfn);
    }

    void dropType(int gfn) {
        if (typeCounts[gfn] == 1 && types[gfn] != WRITABLE) {
            promotion.invalidate(gfn, types[gfn]);
            meansOther(gfn);
        }
        if (--typeCounts[gfn] == 0) typeEnded[gfn] = now;
    }

    /** The present time, for a processor to note when its TLB was flushed entirely. Later events have later times. */
    public long tick() {
        return now++;
    }

    // ---- pinning

    /** Keeps a frame of the type until {@link #unpin}, whether or not it is used; throws EINVAL if it is pinned already. */
    public void pin(int gfn, FrameType type) {
        takeAs(gfn, type);
        if (pinned.get(gfn)) {
            dropAs(gfn);
            throw XenError.EINVAL;
        }
        pinned.set(gfn);
    }

    public void unpin(int gfn) {
        if (!pinned.get(gfn)) throw XenError.EINVAL;
        pinned.clear(gfn);
        dropAs(gfn);
    }

    public boolean isPinned(int gfn) {
        return pinned.get(gfn);
    }

    /** Lets time pass as so many flushes do, for tests. */
    void advance(long flushes) {
        now += flushes;
    }

    /** References, for tests. */
    int references(int gfn) {
        return references[gfn];
    }

    int typeCount(int gfn) {
        return typeCounts[gfn];
    }

    /** Reads an entry of a page table, or any other aligned quadword of a frame. */
    public long read(int gfn, int index) {
        return domain.memory().read((long) gfn << FRAME_SHIFT | 8L * index, 8);
    }

    public void write(int gfn, int index, long value) {
        domain.memory().write((long) gfn << FRAME_SHIFT | 8L * index, 8, value);
    }
}
