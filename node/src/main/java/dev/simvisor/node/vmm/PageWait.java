package dev.simvisor.node.vmm;

import java.util.BitSet;

/** A guest's wait for pages that have yet to come: for which, since when, and what such waits have come to so far. */
final class PageWait {
    private final BitSet awaited = new BitSet();
    private BitSet unasked = new BitSet();
    private long sinceNanos;
    private Stalls stalls = Stalls.NONE;

    boolean isOver() {
        return awaited.isEmpty();
    }

    void begin(BitSet missed, long nanos) {
        awaited.or(missed);
        unasked.or(missed);
        sinceNanos = nanos;
    }

    /** Pages have come. Returns whether it was the last of those that the guest waits for. */
    boolean end(BitSet come, long nanos) {
        if (isOver()) return false;
        awaited.andNot(come);
        if (isOver()) stalls = stalls.with(Math.max(0, nanos - sinceNanos));
        return isOver();
    }

    /** Pages that the guest has come to wait for since the last call. */
    BitSet takeUnasked() {
        BitSet taken = unasked;
        unasked = new BitSet();
        return taken;
    }

    long sinceNanos() {
        return sinceNanos;
    }

    Stalls stalls() {
        return stalls;
    }
}
