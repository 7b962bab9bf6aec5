package dev.simvisor.node.host;

import dev.simvisor.node.machine.network.Ethernet;
import java.util.ArrayDeque;

/**
 * One direction of a host's link, as Ethernet frames share it: one after the other, in the order in which they come, with a queue
 * before it from whose end what finds no room is lost.
 */
final class EthernetLine {
    /** As many as Linux lets wait at an Ethernet interface (ether_setup, DEFAULT_TX_QUEUE_LEN). */
    static final int MOST_WAITING = 1000;

    /** A frame that was lost. */
    static final long LOST = -1;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final long bitsPerSecond;
    private final ArrayDeque<Long> leavingNanos = new ArrayDeque<>();

    EthernetLine(long bitsPerSecond) {
        this.bitsPerSecond = bitsPerSecond;
    }

    /**
     * Sends a frame, no sooner than those before it.
     *
     * @param nanos the present time, no earlier than at the last call
     * @param bytes its length without checksum
     * @return when it is over, or {@link #LOST}
     */
    long send(long nanos, int bytes) {
        while (!leavingNanos.isEmpty() && leavingNanos.peekFirst() <= nanos) {
            leavingNanos.removeFirst();
        }
        if (leavingNanos.size() > MOST_WAITING) {
            return LOST;
        }
        long beginsNanos = leavingNanos.isEmpty() ? nanos : leavingNanos.getLast();
        long endsNanos = beginsNanos + nanosOf(bytes);
        leavingNanos.addLast(endsNanos);
        return endsNanos;
    }

    private long nanosOf(int bytes) {
        return Math.ceilDiv((long) Ethernet.octetsOnTheWire(bytes) * Byte.SIZE * NANOS_PER_SECOND, bitsPerSecond);
    }
}
