package dev.simvisor.node.machine.network;

import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

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

    private static final Pattern WRITTEN = Pattern.compile("(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}");

    /**
     * The address that {@link #toString} writes so.
     *
     * @throws IllegalArgumentException when it is none
     */
    public static MacAddress parse(String text) {
        if (!WRITTEN.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no Ethernet address: expected six bytes as 52:54:00:00:00:01");
        }
        return new MacAddress(HexFormat.fromHexDigitsToLong(text.replace(":", "")));
    }

    /** Puts its six bytes at {@code offset}. */
    public void put(byte[] frame, int offset) {
        for (int i = 0; i < BYTES; i++) {
            frame[offset + i] = (byte) (bits >>> (BYTES - 1 - i) * Byte.SIZE);
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
