package dev.simvisor.node.host;

import dev.simvisor.node.machine.network.MacAddress;
import java.nio.ByteBuffer;

/**
 * The frame by which a card's new place becomes known: a request of the reverse address resolution protocol (RFC 903), which asks
 * everybody for nothing that anybody answers. Hosts of virtual machines announce these so after a migration, for a host does not
 * know its guests' Internet addresses.
 */
final class ReverseArp {
    private static final short ETHER_TYPE = (short) 0x8035;
    private static final short ETHERNET = 1;
    private static final short INTERNET = 0x0800;
    private static final byte HARDWARE_BYTES = 6;
    private static final byte PROTOCOL_BYTES = 4;
    private static final short REQUEST_REVERSE = 3;

    /** With padding, but without checksum. */
    private static final int FRAME_BYTES = 60;

    private static final int SOURCE = 6;
    private static final int HEADER_BYTES = 14;

    /** Of the sender's and of the target's hardware address in the packet. */
    private static final int[] OWN_ADDRESSES = {8, 18};

    private ReverseArp() {}

    /** From a card's address to all. */
    static byte[] announcing(MacAddress address) {
        ByteBuffer frame = ByteBuffer.allocate(FRAME_BYTES);
        MacAddress.BROADCAST.put(frame.array(), 0);
        address.put(frame.array(), SOURCE);
        frame.position(SOURCE + HARDWARE_BYTES)
                .putShort(ETHER_TYPE)
                .putShort(ETHERNET)
                .putShort(INTERNET)
                .put(HARDWARE_BYTES)
                .put(PROTOCOL_BYTES)
                .putShort(REQUEST_REVERSE);
        for (int at : OWN_ADDRESSES) {
            address.put(frame.array(), HEADER_BYTES + at);
        }
        return frame.array();
    }
}
