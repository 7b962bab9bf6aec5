package dev.simvisor.node.vmm.migration;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

/**
 * Pages that have been given to a stream.
 *
 * @param full as they are
 * @param zeros of which only the number is sent
 * @param deltas of which what has changed is sent
 * @param deltaBytes the lengths of those deltas, summed up
 * @param forgotten of the full ones, those that were sent before, but what then was not in the cache any more
 */
public record SentPages(long full, long zeros, long deltas, long deltaBytes, long forgotten) {
    public static final SentPages NONE = new SentPages(0, 0, 0, 0, 0);

    /** On the wire, a page comes with its number and flags, in 8 bytes, as in QEMU's stream. */
    static final int HEADER_BYTES = 8;

    /** A page of zeros is its header and one byte that says so. */
    private static final int ZERO_PAGE_BYTES = HEADER_BYTES + 1;

    /** Before a delta come the page's header, a byte that says so and the delta's length in two bytes, as in QEMU's stream. */
    private static final int DELTA_HEADER_BYTES = HEADER_BYTES + 1 + 2;

    static final int FULL_PAGE_BYTES = HEADER_BYTES + PAGE_BYTES;

    /** The longest delta that is shorter on the wire than the page. */
    public static final int MOST_DELTA_BYTES = FULL_PAGE_BYTES - DELTA_HEADER_BYTES - 1;

    /** Pages sent without deltas. */
    public static SentPages of(long full, long zeros) {
        return new SentPages(full, zeros, 0, 0, 0);
    }

    /** These and others. */
    public SentPages with(SentPages others) {
        return new SentPages(
                full + others.full,
                zeros + others.zeros,
                deltas + others.deltas,
                deltaBytes + others.deltaBytes,
                forgotten + others.forgotten);
    }

    /** What they take on the wire. */
    public long wireBytes() {
        return full * FULL_PAGE_BYTES + zeros * ZERO_PAGE_BYTES + deltaWireBytes();
    }

    private long deltaWireBytes() {
        return deltas * DELTA_HEADER_BYTES + deltaBytes;
    }

    /** What the pages sent as deltas would have taken in full beyond what they did. */
    public long savedBytes() {
        return deltas * FULL_PAGE_BYTES - deltaWireBytes();
    }
}
