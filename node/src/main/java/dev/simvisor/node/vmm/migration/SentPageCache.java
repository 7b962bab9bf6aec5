package dev.simvisor.node.vmm.migration;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What the source remembers of the pages that it has sent, so that it can send what has changed since ({@link PageDelta}). What it
 * remembers of a page is exactly what the target has: it must be told of everything that is sent.
 *
 * <p>It is bounded. When it is full, the page that was sent longest ago makes place, but only when neither this round nor the
 * one before has sent it: with a working set larger than the cache, going round and round, the last one out would otherwise always
 * be the next one wanted. QEMU ages the pages of its cache likewise ({@code CACHED_PAGE_LIFETIME} in {@code
 * migration/page_cache.c}). Zero pages take no place. Unlike QEMU's, it is filled from the first round on.
 *
 * <p>Not thread-safe.
 */
public final class SentPageCache {
    /** A page that was sent in this round or so many before it keeps its place. */
    private static final int KEPT_ROUNDS = 1;

    private static final byte[] ZEROS = new byte[PAGE_BYTES];

    private record Copy(byte[] contents, int round) {}

    private final long mostPages;
    /** In the order in which they were sent last. */
    private final SequencedMap<Integer, Copy> copies = new LinkedHashMap<>();

    private final BitSet zeros = new BitSet();
    private final BitSet sent = new BitSet();
    private int round;

    /** @param bytes what the copies of pages may take, at most; less than a page leaves room for zero pages alone */
    public SentPageCache(long bytes) {
        mostPages = bytes / PAGE_BYTES;
    }

    /** Every page is sent at most once from here to the next call. */
    public void beginRound() {
        round++;
    }

    /** What the target has of a page, which is not to be changed; null if that is not remembered. */
    public byte @Nullable [] contents(int gfn) {
        Copy copy = copies.get(gfn);
        if (copy != null) {
            return copy.contents();
        }
        return zeros.get(gfn) ? ZEROS : null;
    }

    /** Whether a page has been sent whose contents are not remembered. */
    public boolean hasForgotten(int gfn) {
        return sent.get(gfn) && contents(gfn) == null;
    }

    /** A page of zeros has been sent. */
    public void sentZeros(int gfn) {
        copies.remove(gfn);
        sent.set(gfn);
        zeros.set(gfn);
    }

    /** A page has been sent, in whatever form. */
    public void sent(int gfn, byte[] contents, int offset) {
        sent.set(gfn);
        zeros.clear(gfn);
        byte[] place = placeFor(gfn);
        if (place != null) {
            System.arraycopy(contents, offset, place, 0, PAGE_BYTES);
            copies.putLast(gfn, new Copy(place, round));
        }
    }

    private byte @Nullable [] placeFor(int gfn) {
        Copy former = copies.remove(gfn);
        if (former != null) {
            return former.contents();
        }
        if (copies.size() < mostPages) {
            return new byte[PAGE_BYTES];
        }
        Map.Entry<Integer, Copy> oldest = copies.firstEntry();
        if (oldest == null || oldest.getValue().round() >= round - KEPT_ROUNDS) {
            return null;
        }
        copies.remove(oldest.getKey());
        return oldest.getValue().contents();
    }
}
