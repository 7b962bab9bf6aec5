package dev.simvisor.config;

import java.util.Map;

/** Electrical power, written as {@code 93.7W}. */
public record Power(long milliwatts) {
    static final String EXPECTED = "a power such as 93.7W or 1.2kW";

    private static final Map<String, Long> MILLIWATTS_PER_UNIT = Map.of("mW", 1L, "W", 1_000L, "kW", 1_000_000L);

    /** More than any host draws. */
    public static final long MOST_MILLIWATTS = 1_000_000_000_000L;

    public Power {
        if (milliwatts < 0 || milliwatts > MOST_MILLIWATTS) {
            throw new IllegalArgumentException("a power of " + milliwatts + " mW");
        }
    }

    /**
     * Reads a power.
     *
     * @throws IllegalArgumentException with a message for the user when {@code text} is no power
     */
    public static Power parse(String text) {
        return new Power(Quantity.parse(text, MILLIWATTS_PER_UNIT, EXPECTED));
    }
}
