package dev.simvisor.node.vmm.migration;

import java.util.BitSet;

/**
 * What the source has still to send after the hand-over, and in which order (post-copy: Hines and Gopalan, "Post-copy based live
 * virtual machine migration using adaptive pre-paging and dynamic self-ballooning", VEE 2009).
 *
 * <p>What the guest waits for goes first. All else is pushed in a bubble that grows in both directions around the page that it
 * waited for last (there: bubbling with a pivot), because what it accesses next is likely to be near; a page is in one burst and
 * no other, so that none is sent twice.
 *
 * @param remaining in no burst yet; like the other sets never changed once this is made
 * @param zeros which pages hold nothing but zeros; may have others besides
 * @param wanted of the remaining, those that the guest waits for
 * @param pivot page around which the rest is pushed
 */
record Push(BitSet remaining, BitSet zeros, BitSet wanted, int pivot) {
    static final Push NOTHING = new Push(new BitSet(), new BitSet(), new BitSet(), 0);

    /**
     * Pages that are sent together.
     *
     * @param sent what they come to
     * @param demanded the guest waits for them
     */
    record Burst(BitSet gfns, SentPages sent, boolean demanded) {
        /** How long it occupies the path: only what the guest does not wait for keeps to the limit. */
        long nanos(MigrationPlan plan) {
            return demanded ? plan.finalNanos(sent.wireBytes()) : plan.roundNanos(sent);
        }
    }

    static Push of(BitSet remaining, BitSet zeros) {
        return new Push(remaining, zeros, new BitSet(), 0);
    }

    boolean isOver() {
        return remaining.isEmpty();
    }

    /** The guest waits for pages; those that are on their way already need nothing more. */
    Push wanting(BitSet gfns) {
        BitSet more = (BitSet) gfns.clone();
        more.and(remaining);
        more.or(wanted);
        return new Push(remaining, zeros, more, gfns.isEmpty() ? pivot : gfns.length() - 1);
    }

    /** What is to be sent next, about so many bytes unless it is wanted; there must be something left. */
    Burst next(long bytes) {
        BitSet gfns = wanted.isEmpty() ? bubble(bytes) : wanted;
        BitSet empty = (BitSet) gfns.clone();
        empty.and(zeros);
        SentPages sent = SentPages.of(gfns.cardinality() - empty.cardinality(), empty.cardinality());
        return new Burst(gfns, sent, !wanted.isEmpty());
    }

    /** What remains while a burst is on its way. */
    Push without(Burst burst) {
        BitSet rest = (BitSet) remaining.clone();
        rest.andNot(burst.gfns());
        BitSet waited = (BitSet) wanted.clone();
        waited.andNot(burst.gfns());
        return new Push(rest, zeros, waited, pivot);
    }

    private BitSet bubble(long bytes) {
        BitSet bubble = new BitSet();
        int above = remaining.nextSetBit(pivot);
        int below = remaining.previousSetBit(pivot - 1);
        boolean upwards = true;
        for (long left = bytes; left > 0 && (above >= 0 || below >= 0); upwards = !upwards) {
            boolean up = above >= 0 && (upwards || below < 0);
            int gfn = up ? above : below;
            bubble.set(gfn);
            left -= SentPages.of(zeros.get(gfn) ? 0 : 1, zeros.get(gfn) ? 1 : 0).wireBytes();
            if (up) above = remaining.nextSetBit(gfn + 1);
            else below = remaining.previousSetBit(gfn - 1);
        }
        return bubble;
    }
}
