package dev.simvisor.node.host;

import java.util.Comparator;

/**
 * Something that happens on a host at a virtual time.
 *
 * @param rank and {@code key} order what happens at the same time: by what it is, never by when it became known
 */
record Due(long nanos, Rank rank, String key, Action action) implements Comparable<Due> {
    private static final Comparator<Due> ORDER =
            Comparator.comparingLong(Due::nanos).thenComparing(Due::rank).thenComparing(Due::key);

    /** What happens first at the same time. */
    enum Rank {
        /** A message from another host. */
        ARRIVAL,
        /** A frame of the Ethernet comes to the host, or to a VM's card. */
        FRAME,
        /** A migration's round has been sent. */
        ROUND,
        /** The scheduler decides. */
        QUANTUM,
        /** The controller is told what a guest has done. */
        REPORT
    }

    /** What is done; it may wait for a page stream in real time. */
    @FunctionalInterface
    interface Action {
        void run() throws InterruptedException;
    }

    @Override
    public int compareTo(Due other) {
        return ORDER.compare(this, other);
    }
}
