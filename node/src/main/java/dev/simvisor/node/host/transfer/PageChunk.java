package dev.simvisor.node.host.transfer;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import com.google.protobuf.UnsafeByteOperations;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.vmm.migration.PageDelta;
import dev.simvisor.node.vmm.migration.SentPageCache;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.proto.node.Pages;
import org.jspecify.annotations.Nullable;

/**
 * Pages that go into one message of the stream: each as zeros, as a delta or in full, whichever is shortest; and those in full together
 * compressed, if they are to be and it makes them shorter.
 */
final class PageChunk {
    static final int MOST_FULL_PAGES = 64;

    /** Keeps a message well below gRPC's 4 MiB, whatever is in it. */
    private static final int MOST_BYTES = MOST_FULL_PAGES * PAGE_BYTES;

    private final GuestPages pages;
    private final @Nullable SentPageCache cache;
    private final boolean compressed;
    private final Pages.Builder message = Pages.newBuilder();
    private final byte[] contents = new byte[MOST_BYTES];
    private int deltaBytes;
    private int forgotten;
    private int compared;

    /** What goes on the wire, and what it comes to. */
    record Coded(Pages message, SentPages sent) {}

    /** @param cache null for no deltas */
    PageChunk(GuestPages pages, @Nullable SentPageCache cache, boolean compressed) {
        this.pages = pages;
        this.cache = cache;
        this.compressed = compressed;
    }

    boolean hasRoom() {
        return message.getGfnsCount() < MOST_FULL_PAGES
                && message.getZeroGfnsCount() + message.getDeltaGfnsCount() < MOST_BYTES
                && deltaBytes < MOST_BYTES;
    }

    /** Adds a page as it is now; there must be room. */
    void add(int gfn) {
        if (pages.isZero(gfn)) {
            message.addZeroGfns(gfn);
            if (cache != null) {
                cache.sentZeros(gfn);
            }
            return;
        }
        int offset = message.getGfnsCount() * PAGE_BYTES;
        pages.readPage(gfn, contents, offset);
        if (cache == null) {
            message.addGfns(gfn);
        } else {
            addWithDelta(cache, gfn, offset);
        }
    }

    private void addWithDelta(SentPageCache known, int gfn, int offset) {
        byte[] before = known.contents(gfn);
        compared += before == null ? 0 : 1;
        byte[] delta = before == null ? null : PageDelta.between(before, contents, offset, SentPages.MOST_DELTA_BYTES);
        if (delta != null) {
            message.addDeltaGfns(gfn).addDeltas(UnsafeByteOperations.unsafeWrap(delta));
            deltaBytes += delta.length;
        } else {
            message.addGfns(gfn);
            forgotten += known.hasForgotten(gfn) ? 1 : 0;
        }
        known.sent(gfn, contents, offset);
    }

    /** What has been added; nothing can be added any more. */
    Coded coded() {
        int length = message.getGfnsCount() * PAGE_BYTES;
        SentPages.Compression compression = compressed ? compress(length) : SentPages.Compression.NONE;
        if (compression.pages() == 0) {
            // The array is not touched again, so it need not be copied.
            message.setContents(UnsafeByteOperations.unsafeWrap(contents, 0, length));
        }
        SentPages sent = new SentPages(
                message.getGfnsCount(),
                message.getZeroGfnsCount(),
                message.getDeltaGfnsCount(),
                deltaBytes,
                forgotten,
                compared,
                compression);
        return new Coded(message.build(), sent);
    }

    private SentPages.Compression compress(int length) {
        if (length == 0) {
            return SentPages.Compression.NONE;
        }
        byte[] frame = ZstdFrame.of(contents, length);
        int after = frame.length + SentPages.COMPRESSED_HEADER_BYTES;
        if (after >= length) {
            return new SentPages.Compression(0, length, length);
        }
        message.setZstd(UnsafeByteOperations.unsafeWrap(frame));
        return new SentPages.Compression(message.getGfnsCount(), length, after);
    }
}
