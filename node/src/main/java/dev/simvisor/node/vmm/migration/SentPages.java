package dev.simvisor.node.vmm.migration;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import dev.simvisor.proto.api.CompressionReport;

/**
 * Pages that have been given to a stream.
 *
 * @param full as they are
 * @param zeros of which only the number is sent
 * @param deltas of which what has changed is sent
 * @param deltaBytes the lengths of those deltas, summed up
 * @param forgotten of the full ones, those that were sent before, but what then was not in the cache any more
 * @param compared of the full ones and the deltas, those that were compared with what was sent before
 * @param compression of the full ones' contents
 */
public record SentPages(
        long full, long zeros, long deltas, long deltaBytes, long forgotten, long compared, Compression compression) {
    /**
     * What compression came to.
     *
     * @param pages that are sent compressed
     * @param before bytes that were to be compressed
     * @param after what of them is on the wire, compressed or, where that is no longer, as they are
     */
    public record Compression(long pages, long before, long after) {
        public static final Compression NONE = new Compression(0, 0, 0);

        Compression with(Compression others) {
            return new Compression(pages + others.pages, before + others.before, after + others.after);
        }

        CompressionReport report() {
            return CompressionReport.newBuilder()
                    .setPages(pages)
                    .setBytesBefore(before)
                    .setBytesAfter(after)
                    .setRatio(after == 0 ? 1 : (double) before / after)
                    .build();
        }
    }

    public static final SentPages NONE = new SentPages(0, 0, 0, 0, 0, 0, Compression.NONE);

    /** On the wire, a page comes with its number and flags, in 8 bytes, as in QEMU's stream. */
    static final int HEADER_BYTES = 8;

    /** A page of zeros is its header and one byte that says so. */
    private static final int ZERO_PAGE_BYTES = HEADER_BYTES + 1;

    /** Before a delta come the page's header, a byte that says so and the delta's length in two bytes, as in QEMU's stream. */
    private static final int DELTA_HEADER_BYTES = HEADER_BYTES + 1 + 2;

    static final int FULL_PAGE_BYTES = HEADER_BYTES + PAGE_BYTES;

    /** The longest delta that is shorter on the wire than the page. */
    public static final int MOST_DELTA_BYTES = FULL_PAGE_BYTES - DELTA_HEADER_BYTES - 1;

    /** What goes before compressed contents, on the wire: their length. */
    public static final int COMPRESSED_HEADER_BYTES = 4;

    /** Pages sent as they are. */
    public static SentPages of(long full, long zeros) {
        return new SentPages(full, zeros, 0, 0, 0, 0, Compression.NONE);
    }

    /** These and others. */
    public SentPages with(SentPages others) {
        return new SentPages(
                full + others.full,
                zeros + others.zeros,
                deltas + others.deltas,
                deltaBytes + others.deltaBytes,
                forgotten + others.forgotten,
                compared + others.compared,
                compression.with(others.compression));
    }

    /** What they take on the wire. */
    public long wireBytes() {
        long compressedAway = compression.before() - compression.after();
        return full * FULL_PAGE_BYTES - compressedAway + zeros * ZERO_PAGE_BYTES + deltaWireBytes();
    }

    private long deltaWireBytes() {
        return deltas * DELTA_HEADER_BYTES + deltaBytes;
    }

    /** What the pages sent as deltas would have taken in full beyond what they did. */
    public long savedBytes() {
        return deltas * FULL_PAGE_BYTES - deltaWireBytes();
    }
}
