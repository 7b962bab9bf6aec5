package dev.simvisor.node.vmm.memory;

import dev.simvisor.node.cpu.HostMemory;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One page of the shadow paging structures: 512 entries of 8 bytes in a machine frame, in the format of PAE and 4-level paging
 * whatever the guest uses (SDM Vol 3A §4.4, §4.5).
 */
final class ShadowTable {
    static final int ENTRIES = 512;

    /** In place of a gfn: the table shadows no page table of the guest's, but a large page, memory without paging, or the VMM. */
    static final int NO_GUEST_TABLE = -1;

    final long key;
    /** 1 for a page table, up to 4 for the top of 4-level paging. */
    final int level;
    /** The guest's page table that this one follows, or {@link #NO_GUEST_TABLE}. */
    final int guestTable;
    /** Which part of the guest's table: 32-bit paging has 1024 entries a table. */
    final int part;

    final int mfn;
    private final long host;

    /** Another shadow of the same guest table. */
    @Nullable
    ShadowTable sibling;

    /** Stores to the guest's table since an entry of this one was last filled. */
    int floods;

    /** The frame was given back: what still names this table must leave it alone. */
    boolean released;

    // Where this table is, or was, linked: the linking tables and the indexes within them.
    private ShadowTable[] parents = new ShadowTable[2];
    private short[] parentIndexes = new short[2];
    private int parentCount;

    ShadowTable(long key, int level, int guestTable, int part, int mfn, long host) {
        this.key = key;
        this.level = level;
        this.guestTable = guestTable;
        this.part = part;
        this.mfn = mfn;
        this.host = host;
    }

    long entry(int index) {
        return HostMemory.getLong(host + 8L * index);
    }

    void entry(int index, long value) {
        HostMemory.putLong(host + 8L * index, value);
    }

    void exchangeFrame(int from, int to) {
        long fromAddress = (long) from << 12;
        long difference = fromAddress ^ (long) to << 12;
        for (int n = 0; n < ENTRIES; n++) {
            long entry = entry(n);
            if ((entry & ShadowPageTables.FRAME) == fromAddress && entry != 0) entry(n, entry ^ difference);
        }
    }

    /** Makes {@code parent}'s entry point here, with these attribute bits. */
    void linkFrom(ShadowTable parent, int index, long attributes) {
        boolean recorded = isLinkedFrom(parent, index);
        parent.entry(index, frameAddress() | attributes);
        if (recorded) return;
        if (parentCount == parents.length) makeRoomForParents();
        parents[parentCount] = parent;
        parentIndexes[parentCount++] = (short) index;
    }

    /** Every entry that points here is recorded: {@link #unlink} clears them before the frame is another table's. */
    private boolean isLinkedFrom(ShadowTable parent, int index) {
        return !parent.released && (parent.entry(index) & ShadowPageTables.FRAME) == frameAddress();
    }

    /** At least half of the room is free then, so that what it takes is shared by as many links: a guest may have 100,000 of them. */
    private void makeRoomForParents() {
        forgetFormerParents();
        if (parentCount <= parents.length / 2) return;
        int room = 2 * parents.length;
        parents = Arrays.copyOf(parents, room);
        parentIndexes = Arrays.copyOf(parentIndexes, room);
    }

    /** An entry that was cleared, and then pointed here again, is recorded twice until now. */
    private void forgetFormerParents() {
        Set<Link> links = HashSet.newHashSet(parentCount);
        int kept = 0;
        for (int n = 0; n < parentCount; n++) {
            Link link = new Link(parents[n], parentIndexes[n]);
            if (!isLinkedFrom(link.parent, link.index) || !links.add(link)) continue;
            parents[kept] = link.parent;
            parentIndexes[kept++] = link.index;
        }
        Arrays.fill(parents, kept, parentCount, null);
        parentCount = kept;
    }

    private record Link(ShadowTable parent, short index) {}

    /** How many links it has room to note, for tests. */
    int roomForParents() {
        return parents.length;
    }

    /** Clears the entries that still point here. */
    void unlink() {
        for (int n = 0; n < parentCount; n++) {
            if (isLinkedFrom(parents[n], parentIndexes[n])) parents[n].entry(parentIndexes[n], 0);
        }
        parentCount = 0;
    }

    long frameAddress() {
        return (long) mfn << 12;
    }
}
