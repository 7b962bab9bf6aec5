package dev.simvisor.config;

import java.util.Map;

/** A clock frequency, written as {@code 3GHz}. */
public record Frequency(long hertz) {
    /** In Hz. Hosts reckon in whole kHz. */
    public static final long LEAST = 1_000_000;

    /** In Hz. */
    public static final long MOST = 1_000_000_000_000L;

    static final String EXPECTED = "a frequency such as 100MHz or 3GHz";

    private static final Map<String, Long> HERTZ_PER_UNIT =
            Map.of("Hz", 1L, "kHz", 1_000L, "MHz", 1_000_000L, "GHz", 1_000_000_000L);

    public Frequency {
        if (hertz < LEAST || hertz > MOST) {
            throw new IllegalArgumentException("expected a frequency from 1MHz to 1000GHz");
        }
    }

    /**
     * Reads a frequency.
     *
     * @throws IllegalArgumentException with a message for the user when {@code text} is no frequency, or one out of range
     */
    public static Frequency parse(String text) {
        return new Frequency(Quantity.parse(text, HERTZ_PER_UNIT, EXPECTED));
    }
}
