package dev.simvisor.node.machine.network;

import java.util.Locale;

/** A card's address on an Ethernet, in the low 48 bits. */
public record MacAddress(long bits) {
    public static final MacAddress BROADCAST = new MacAddress(0xFFFF_FFFF_FFFFL);

    private static final int BYTES = 6;
    private static final long GROUP = 1L << 40;

    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("an Ethernet address has 48 bits");
        }
    }

    /** The six bytes at {@code offset}. */
    public static MacAddress at(byte[] frame, int offset) {
        long bits = 0;
        for (int i = 0; i < BYTES; i++) {
            bits = bits << 8 | frame[offset + i] & 0xFF;
        }
        return new MacAddress(bits);
    }

    /** Whether it names many cards: multicast and broadcast. */
    public boolean isGroup() {
        return (bits & GROUP) != 0;
    }

    @Override
    public String toString() {
        String hex = "%012x".formatted(bits).toLowerCase(Locale.ROOT);
        return hex.replaceAll("..(?!$)", "$0:");
    }
}
