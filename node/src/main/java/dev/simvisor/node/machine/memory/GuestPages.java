package dev.simvisor.node.machine.memory;

import java.util.BitSet;
import java.util.Optional;

/** A guest's memory page by page, for snapshots and migration. */
public interface GuestPages {
    /** All gfns are below this one. */
    int endFrame();

    /** Whether {@code gfn} names a page of memory: there are gaps. */
    boolean isMemory(long gfn);

    /** How many pages have been written since they last were pages of zeros that nobody had written. */
    int touchedPages();

    /** Whether a page holds nothing but zeros. */
    boolean isZero(int gfn);

    /** Copies a page into {@code target} at {@code offset}. */
    void readPage(int gfn, byte[] target, int offset);

    /** Replaces a page by the 4 KiB of {@code source} at {@code offset}. */
    void writePage(int gfn, byte[] source, int offset);

    /** Makes a page read as zeros. */
    void clearPage(int gfn);

    /** The memory that these are pages of, where it lies in frames of a host's. */
    default Optional<GuestMemory> memory() {
        return Optional.empty();
    }

    /** The gfns of all pages of memory; the caller owns the set. */
    default BitSet all() {
        BitSet all = new BitSet();
        for (int gfn = 0; gfn < endFrame(); gfn++) all.set(gfn, isMemory(gfn));
        return all;
    }

    /** Whether the same numbers are those of memory in another guest's. */
    default boolean hasShapeOf(GuestPages other) {
        return all().equals(other.all());
    }

    /**
     * Becomes, page by page, what another guest's memory {@linkplain #hasShapeOf of the same shape} is; so far nothing has been written here. The other
     * goes on as before: whoever can have both share what neither writes does so.
     */
    default void takeFrom(GuestPages original) {
        byte[] page = new byte[MachineMemory.FRAME_SIZE];
        for (int gfn = 0; gfn < original.endFrame(); gfn++) {
            if (original.isMemory(gfn) && !original.isZero(gfn)) {
                original.readPage(gfn, page, 0);
                writePage(gfn, page, 0);
            }
        }
    }

    /**
     * Has pages whose contents are here count as missing: the guest is not to have them before it is said that they {@linkplain #come
     * have come}. An access to one, by the guest or a device of its, ends the run after the instruction that makes it; where that is
     * the delivery of an exception, after the first of the handler.
     */
    default void withhold(BitSet gfns) {
        throw new UnsupportedOperationException("this guest has to have all of its pages");
    }

    /** Pages are missing no more, if they were, nor missed. */
    default void come(BitSet gfns) {}

    /** The gfns of missing pages that were accessed since the last call; the caller owns the set. */
    default BitSet takeMissed() {
        return new BitSet();
    }

    /** Starts to log which pages are written, from none. */
    void startDirtyLog();

    /** Ends a round: the gfns written since the last call, or since the start of the log; the caller owns the set. */
    BitSet takeDirty();

    void stopDirtyLog();
}
