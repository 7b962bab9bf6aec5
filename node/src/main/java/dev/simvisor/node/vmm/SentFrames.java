package dev.simvisor.node.vmm;

import dev.simvisor.node.machine.network.Ethernet;
import java.util.ArrayList;
import java.util.List;

/**
 * What a guest has sent on the Ethernet since it was last looked for. Its card takes no more than a cable of 10 Gbit/s would carry:
 * else a guest that does nothing but ring its card could send without end in no time at all. What is lost depends on virtual times
 * alone.
 */
final class SentFrames {
    /** As fast as 10GBASE-T (IEEE 802.3, clause 55). */
    private static final long BITS_PER_NANO = 10;

    /** About a thousand of the longest frames may wait for the cable, as at an interface of Linux (DEFAULT_TX_QUEUE_LEN). */
    private static final long LONGEST_WAIT_NANOS = 1_250_000;

    private List<SentFrame> frames = new ArrayList<>();
    private long cableFreeNanos;

    void add(byte[] frame, long nanos) {
        long beginsNanos = Math.max(nanos, cableFreeNanos);
        if (beginsNanos - nanos > LONGEST_WAIT_NANOS) return;
        cableFreeNanos =
                beginsNanos + Math.ceilDiv((long) Ethernet.octetsOnTheWire(frame.length) * Byte.SIZE, BITS_PER_NANO);
        frames.add(new SentFrame(nanos, frame));
    }

    List<SentFrame> take() {
        if (frames.isEmpty()) return List.of();
        List<SentFrame> taken = frames;
        frames = new ArrayList<>();
        return taken;
    }
}
