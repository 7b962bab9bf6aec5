package dev.simvisor.node.vmm.migration;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.Collections;
import java.util.Iterator;
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
 * <p>Copies lie outside the Java heap, as guests' memory does: one migration's wish for a large cache must not take a node's heap,
 * and with it all of its VMs. Not thread-safe.
 */
public final class SentPageCache implements AutoCloseable {
    /** A page that was sent in this round or so many before it keeps its place. */
    private static final int KEPT_ROUNDS = 1;

    private static final byte[] ZEROS = new byte[PAGE_BYTES];

    private static final int CHUNK_PAGES = 256;

    private record Copy(MemorySegment place, int round) {}

    private final Arena arena = Arena.ofShared();
    private final byte[] page = new byte[PAGE_BYTES];
    private final long mostPages;
    /** In the order in which they were sent last. */
    private final SequencedMap<Integer, Copy> copies = new LinkedHashMap<>();

    /** Those that have not been used yet of the chunk taken last. */
    private Iterator<MemorySegment> places = Collections.emptyIterator();

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

    /** What the target has of a page, not to be changed and until the next call; null if that is not remembered. */
    public byte @Nullable [] contents(int gfn) {
        Copy copy = copies.get(gfn);
        if (copy == null) {
            return zeros.get(gfn) ? ZEROS : null;
        }
        MemorySegment.copy(copy.place(), ValueLayout.JAVA_BYTE, 0, page, 0, PAGE_BYTES);
        return page;
    }

    /** Whether a page has been sent whose contents are not remembered. */
    public boolean hasForgotten(int gfn) {
        return sent.get(gfn) && !copies.containsKey(gfn) && !zeros.get(gfn);
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
        MemorySegment place = placeFor(gfn);
        if (place != null) {
            MemorySegment.copy(contents, offset, place, ValueLayout.JAVA_BYTE, 0, PAGE_BYTES);
            copies.putLast(gfn, new Copy(place, round));
        }
    }

    private @Nullable MemorySegment placeFor(int gfn) {
        Copy former = copies.remove(gfn);
        if (former != null) {
            return former.place();
        }
        if (copies.size() < mostPages) {
            return newPlace();
        }
        Map.Entry<Integer, Copy> oldest = copies.firstEntry();
        if (oldest == null || oldest.getValue().round() >= round - KEPT_ROUNDS) {
            return null;
        }
        copies.remove(oldest.getKey());
        return oldest.getValue().place();
    }

    private MemorySegment newPlace() {
        if (!places.hasNext()) {
            places = arena.allocate((long) CHUNK_PAGES * PAGE_BYTES)
                    .elements(MemoryLayout.sequenceLayout(PAGE_BYTES, ValueLayout.JAVA_BYTE))
                    .iterator();
        }
        return places.next();
    }

    /** Gives the copies' memory back; to be called once, by who alone has used it. */
    @Override
    public void close() {
        arena.close();
    }
}
