package dev.simvisor.config;

import java.util.Map;

/** An amount of memory or data in bytes, written as {@code 256M} or {@code 256MiB}: both are 256 * 2^20 bytes. */
public record MemorySize(long bytes) implements Comparable<MemorySize> {
    static final String EXPECTED = "a size such as 4K, 256M or 1.5G";

    private static final Map<String, Long> BYTES_PER_UNIT = Map.of(
            "B", 1L, "K", 1L << 10, "M", 1L << 20, "G", 1L << 30, "T", 1L << 40, //
            "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30, "TiB", 1L << 40);

    public MemorySize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size below zero: " + bytes);
        }
    }

    /**
     * Reads a size.
     *
     * @throws IllegalArgumentException with a message for the user when {@code text} is no size
     */
    public static MemorySize parse(String text) {
        return new MemorySize(Quantity.parse(text, BYTES_PER_UNIT, EXPECTED));
    }

    @Override
    public int compareTo(MemorySize other) {
        return Long.compare(bytes, other.bytes);
    }

    /** The shortest exact form, such as {@code 256M}. */
    @Override
    public String toString() {
        String units = "TGMK";
        for (int shift = 40, unit = 0; shift > 0; shift -= 10, unit++) {
            if (bytes != 0 && bytes % (1L << shift) == 0) {
                return (bytes >> shift) + units.substring(unit, unit + 1);
            }
        }
        return bytes + "B";
    }
}
