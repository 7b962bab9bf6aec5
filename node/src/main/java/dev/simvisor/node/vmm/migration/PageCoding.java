package dev.simvisor.node.vmm.migration;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

/**
 * How pages are coded before they are sent, and the virtual time that this takes. Each channel has a thread at the source that codes
 * what goes by it, at a rate that does not depend on what is in a page; all channels get their even share. A page that is sent
 * as it is costs nothing.
 *
 * @param deltaCacheBytes what the {@link SentPageCache} may take; 0 is none, and no deltas
 * @param zstd compress what is sent in full
 * @param channels at least 1
 */
public record PageCoding(long deltaCacheBytes, boolean zstd, int channels) {
    /** Every page as it is. */
    public static final PageCoding NONE = new PageCoding(0, false, 1);

    /**
     * One thread's at level 1, QEMU's default for {@code multifd-zstd-level}: zstd's README, section Benchmarks, has 510 MB/s for zstd
     * 1.5.6 -1 on a Core i7-9700K at 4.9 GHz with the Silesia corpus.
     */
    static final long ZSTD_BYTES_PER_SECOND = 510_000_000;

    /**
     * One thread's, of pages that are compared with what was sent before: the author of QEMU's XBZRLE measured 1.6 to 2.2 GB/s on one
     * core (A. Shribman, "[PATCH v2] XBRLE page delta compression", qemu-devel, 2 August 2011); the least of it, to be safe.
     */
    static final long DELTA_BYTES_PER_SECOND = 1_600_000_000;

    public PageCoding {
        if (channels < 1) {
            throw new IllegalArgumentException(channels + " channels");
        }
    }

    /** How long the threads take to code pages. */
    long nanos(SentPages pages) {
        long zstdNanos = MigrationPlan.nanos(pages.compression().before(), ZSTD_BYTES_PER_SECOND);
        long deltaNanos = MigrationPlan.nanos(pages.compared() * PAGE_BYTES, DELTA_BYTES_PER_SECOND);
        return Math.ceilDiv(zstdNanos + deltaNanos, channels);
    }

    /** How many pages can be coded in so much time, whatever is in them: each may be compared first, and compressed then. */
    int pagesWithin(long nanos) {
        long pageNanos = (zstd ? MigrationPlan.nanos(PAGE_BYTES, ZSTD_BYTES_PER_SECOND) : 0)
                + (deltaCacheBytes == 0 ? 0 : MigrationPlan.nanos(PAGE_BYTES, DELTA_BYTES_PER_SECOND));
        return pageNanos == 0 ? Integer.MAX_VALUE : (int) Math.min(Integer.MAX_VALUE, nanos / pageNanos * channels);
    }
}
