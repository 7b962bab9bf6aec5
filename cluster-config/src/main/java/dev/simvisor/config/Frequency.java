package dev.simvisor.config;

import java.util.Map;

/** A clock frequency, written as {@code 3GHz}. */
public record Frequency(long hertz) {
    static final String EXPECTED = "a frequency such as 100MHz or 3GHz";

    private static final Map<String, Long> HERTZ_PER_UNIT =
            Map.of("Hz", 1L, "kHz", 1_000L, "MHz", 1_000_000L, "GHz", 1_000_000_000L);

    public Frequency {
        if (hertz <= 0) {
            throw new IllegalArgumentException("expected a frequency above zero");
        }
    }

    /**
     * Reads a frequency.
     *
     * @throws IllegalArgumentException with a message for the user when {@code text} is no frequency above zero
     */
    public static Frequency parse(String text) {
        return new Frequency(Quantity.parse(text, HERTZ_PER_UNIT, EXPECTED));
    }
}
