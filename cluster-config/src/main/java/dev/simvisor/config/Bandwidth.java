package dev.simvisor.config;

import java.util.Map;

/**
 * A data rate, written as {@code 1Gbit/s} (decimal, as networks are sold) or {@code 125MiB/s} (binary, as memory is
 * counted).
 */
public record Bandwidth(long bitsPerSecond) {
    static final String EXPECTED = "a bandwidth such as 1Gbit/s or 125MiB/s";

    private static final Map<String, Long> BITS_PER_UNIT = Map.of(
            "bit/s",
            1L,
            "kbit/s",
            1_000L,
            "Mbit/s",
            1_000_000L,
            "Gbit/s",
            1_000_000_000L, //
            "B/s",
            8L,
            "KiB/s",
            8L << 10,
            "MiB/s",
            8L << 20,
            "GiB/s",
            8L << 30);

    public Bandwidth {
        if (bitsPerSecond <= 0) {
            throw new IllegalArgumentException("expected a bandwidth above zero");
        }
    }

    /**
     * Reads a bandwidth.
     *
     * @throws IllegalArgumentException with a message for the user when {@code text} is no bandwidth above zero
     */
    public static Bandwidth parse(String text) {
        return new Bandwidth(Quantity.parse(text, BITS_PER_UNIT, EXPECTED));
    }

    /** Whole bytes per second, rounded down. */
    public long bytesPerSecond() {
        return bitsPerSecond / 8;
    }
}
