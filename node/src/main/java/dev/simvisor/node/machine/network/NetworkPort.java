package dev.simvisor.node.machine.network;

/** Where a network card is plugged in. Frames are Ethernet's, from the destination address on and without checksum. */
public interface NetworkPort {
    /** Destination, source and type. */
    int LEAST_FRAME_BYTES = 14;

    /** A header with a VLAN's tag, and 1500 bytes. */
    int MOST_FRAME_BYTES = 1518;

    /** Whether a frame is neither too short nor too long. */
    static boolean carries(long bytes) {
        return bytes >= LEAST_FRAME_BYTES && bytes <= MOST_FRAME_BYTES;
    }

    /** The card, as the port sees it. */
    @FunctionalInterface
    interface Card {
        void receive(byte[] frame);
    }

    /** Takes a frame from the card. What is too short or too long is lost. */
    void send(byte[] frame);

    /** Pulls the plug: the card gets no more frames, and the port takes none. */
    void disconnect();
}
