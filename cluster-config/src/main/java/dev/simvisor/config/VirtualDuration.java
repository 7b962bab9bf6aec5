package dev.simvisor.config;

import java.util.List;
import java.util.Map;

/** A span of virtual time in nanoseconds, written as {@code 30s} or {@code 150us}. */
public record VirtualDuration(long nanos) implements Comparable<VirtualDuration> {
    static final String EXPECTED = "a duration such as 30s, 300ms or 50us";

    static final String INTERVAL_EXPECTED = EXPECTED + ", at least 1ms";

    public static final VirtualDuration ZERO = new VirtualDuration(0);

    /** The shortest interval between two things that hosts do again and again. */
    public static final VirtualDuration SHORTEST_INTERVAL = new VirtualDuration(1_000_000);

    private static final Map<String, Long> NANOS_PER_UNIT = Map.of(
            "ns",
            1L,
            "us",
            1_000L,
            "ms",
            1_000_000L,
            "s",
            1_000_000_000L, //
            "min",
            60_000_000_000L,
            "h",
            3_600_000_000_000L);

    public VirtualDuration {
        if (nanos < 0) {
            throw new IllegalArgumentException("a duration below zero: " + nanos);
        }
    }

    /**
     * Reads a duration.
     *
     * @throws IllegalArgumentException with a message for the user when {@code text} is no duration
     */
    public static VirtualDuration parse(String text) {
        return new VirtualDuration(Quantity.parse(text, NANOS_PER_UNIT, EXPECTED));
    }

    /**
     * Reads the interval between two things that hosts do again and again.
     *
     * @throws IllegalArgumentException when {@code text} is none
     */
    static VirtualDuration parseInterval(String text) {
        VirtualDuration interval = parse(text);
        if (interval.compareTo(SHORTEST_INTERVAL) < 0) {
            throw new IllegalArgumentException(text);
        }
        return interval;
    }

    @Override
    public int compareTo(VirtualDuration other) {
        return Long.compare(nanos, other.nanos);
    }

    /** The shortest exact form, in seconds or less, such as {@code 1500ms}. */
    @Override
    public String toString() {
        long amount = nanos;
        for (String unit : List.of("ns", "us", "ms")) {
            if (amount % 1000 != 0) {
                return amount + unit;
            }
            amount /= 1000;
        }
        return amount + "s";
    }
}
