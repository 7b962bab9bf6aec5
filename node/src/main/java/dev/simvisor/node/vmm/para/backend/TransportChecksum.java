package dev.simvisor.node.vmm.para.backend;

/**
 * Finishes the checksum of a TCP or UDP packet over IPv4 that a guest's driver left to the network card: its field holds the
 * sum of the pseudo-header so far (RFC 1071, RFC 9293 §3.1, RFC 768).
 */
final class TransportChecksum {
    private static final int ETHERNET_TYPE = 12;
    private static final int IPV4 = 0x0800;
    private static final int VLAN = 0x8100;
    private static final int VLAN_BYTES = 4;
    private static final int ETHERNET_BYTES = 14;

    // within the IPv4 header
    private static final int TOTAL_LENGTH = 2;
    private static final int PROTOCOL = 9;

    private static final int TCP = 6;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP = 17;
    private static final int UDP_CHECKSUM = 6;

    private TransportChecksum() {}

    /** Stores the checksum in the frame; false, and nothing done, when the frame has none that could be left open. */
    static boolean complete(byte[] frame) {
        int ip = ETHERNET_BYTES;
        if (frame.length >= ETHERNET_BYTES + VLAN_BYTES && word(frame, ETHERNET_TYPE) == VLAN) {
            ip += VLAN_BYTES;
        }
        if (frame.length < ip + 20 || word(frame, ip - 2) != IPV4) {
            return false;
        }
        int transport = ip + 4 * (frame[ip] & 0xF);
        int end = ip + word(frame, ip + TOTAL_LENGTH);
        int field = switch (frame[ip + PROTOCOL]) {
            case TCP -> transport + TCP_CHECKSUM;
            case UDP -> transport + UDP_CHECKSUM;
            default -> frame.length;
        };
        if (end > frame.length || field + 2 > end) {
            return false;
        }
        int sum = sum(frame, transport, end);
        // In UDP, 0 says that there is no checksum.
        int checksum = sum == 0xFFFF && frame[ip + PROTOCOL] == UDP ? 0xFFFF : ~sum & 0xFFFF;
        frame[field] = (byte) (checksum >> 8);
        frame[field + 1] = (byte) checksum;
        return true;
    }

    private static int sum(byte[] frame, int from, int end) {
        long sum = 0;
        for (int at = from; at < end; at += 2) {
            sum += at + 1 < end ? word(frame, at) : (frame[at] & 0xFF) << 8;
        }
        while (sum >> 16 != 0) {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return (int) sum;
    }

    private static int word(byte[] frame, int at) {
        return (frame[at] & 0xFF) << 8 | frame[at + 1] & 0xFF;
    }
}
