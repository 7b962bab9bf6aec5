package dev.simvisor.node.vmm.memory;

import dev.simvisor.node.cpu.HostMemory;
import java.util.Arrays;
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
        parent.entry(index, frameAddress() | attributes);
        if (isRecorded(parent, index)) return;
        if (parentCount == parents.length) forgetFormerParents();
        if (parentCount == parents.length) {
            parents = Arrays.copyOf(parents, 2 * parentCount);
            parentIndexes = Arrays.copyOf(parentIndexes, 2 * parentCount);
        }
        parents[parentCount] = parent;
        parentIndexes[parentCount++] = (short) index;
    }

    private boolean isRecorded(ShadowTable parent, int index) {
        for (int n = 0; n < parentCount; n++) {
            if (parents[n] == parent && parentIndexes[n] == index) return true;
        }
        return false;
    }

    private boolean isLinkedFrom(ShadowTable parent, int index) {
        return !parent.released && (parent.entry(index) & ShadowPageTables.FRAME) == frameAddress();
    }

    private void forgetFormerParents() {
        int kept = 0;
        for (int n = 0; n < parentCount; n++) {
            if (!isLinkedFrom(parents[n], parentIndexes[n])) continue;
            parents[kept] = parents[n];
            parentIndexes[kept++] = parentIndexes[n];
        }
        parentCount = kept;
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
