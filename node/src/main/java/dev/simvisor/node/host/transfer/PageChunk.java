package dev.simvisor.node.host.transfer;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import com.google.protobuf.UnsafeByteOperations;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.vmm.migration.PageDelta;
import dev.simvisor.node.vmm.migration.SentPageCache;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.proto.node.Pages;
import org.jspecify.annotations.Nullable;

/** Pages that go into one message of the stream: each as zeros, as a delta or in full, whichever is shortest. */
final class PageChunk {
    private static final int MOST_FULL_PAGES = 64;

    /** Keeps a message well below gRPC's 4 MiB, whatever is in it. */
    private static final int MOST_BYTES = MOST_FULL_PAGES * PAGE_BYTES;

    private final GuestPages pages;
    private final @Nullable SentPageCache cache;
    private final Pages.Builder message = Pages.newBuilder();
    private final byte[] contents = new byte[MOST_BYTES];
    private int deltaBytes;
    private int forgotten;

    /** @param cache null for no deltas */
    PageChunk(GuestPages pages, @Nullable SentPageCache cache) {
        this.pages = pages;
        this.cache = cache;
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

    /** What has been added. */
    SentPages sent() {
        return new SentPages(
                message.getGfnsCount(), message.getZeroGfnsCount(), message.getDeltaGfnsCount(), deltaBytes, forgotten);
    }

    /** The message; nothing can be added any more. */
    Pages message() {
        // The array is not touched again, so it need not be copied.
        return message.setContents(UnsafeByteOperations.unsafeWrap(contents, 0, message.getGfnsCount() * PAGE_BYTES))
                .build();
    }
}
