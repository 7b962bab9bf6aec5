package dev.simvisor.node.vmm;

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

    /** A frame of the least length has 64 octets with its checksum; with it go a preamble of 8 and a gap of 12 (IEEE 802.3, clause 4). */
    private static final int LEAST_OCTETS = 64;

    private static final int CHECKSUM_OCTETS = 4;
    private static final int BETWEEN_FRAMES_OCTETS = 20;

    /** About a thousand of the longest frames may wait for the cable, as at an interface of Linux (DEFAULT_TX_QUEUE_LEN). */
    private static final long LONGEST_WAIT_NANOS = 1_250_000;

    private List<SentFrame> frames = new ArrayList<>();
    private long cableFreeNanos;

    void add(byte[] frame, long nanos) {
        long beginsNanos = Math.max(nanos, cableFreeNanos);
        if (beginsNanos - nanos > LONGEST_WAIT_NANOS) return;
        int octets = Math.max(LEAST_OCTETS, frame.length + CHECKSUM_OCTETS) + BETWEEN_FRAMES_OCTETS;
        cableFreeNanos = beginsNanos + Math.ceilDiv((long) octets * Byte.SIZE, BITS_PER_NANO);
        frames.add(new SentFrame(nanos, frame));
    }

    List<SentFrame> take() {
        if (frames.isEmpty()) return List.of();
        List<SentFrame> taken = frames;
        frames = new ArrayList<>();
        return taken;
    }
}
