package dev.simvisor.node.machine.network;

/** What network cards are plugged into. */
@FunctionalInterface
public interface Ethernet {
    /**
     * What a frame takes on a wire, in octets: with its preamble and start delimiter, filled up to the shortest length, with checksum
     * and the gap after it (IEEE 802.3, clauses 3 and 4).
     *
     * @param bytes its length without checksum
     */
    static int octetsOnTheWire(int bytes) {
        int preamble = 8;
        int shortest = 64;
        int checksum = 4;
        int gap = 12;
        return preamble + Math.max(shortest, bytes + checksum) + gap;
    }

    /** A port for a card. */
    NetworkPort connect(NetworkPort.Card card);
}
