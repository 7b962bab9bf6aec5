package dev.simvisor.config;

import java.util.List;

/** Of spans of virtual time that are drawn at random. */
public sealed interface Distribution {
    /** Always the same. */
    record Fixed(VirtualDuration value) implements Distribution {}

    /** Every whole nanosecond from {@code least} to {@code most} alike. */
    record Uniform(VirtualDuration least, VirtualDuration most) implements Distribution {}

    /** What a Poisson process has between two arrivals. */
    record Exponential(VirtualDuration mean) implements Distribution {}

    /** The longest span there is. */
    VirtualDuration LONGEST = VirtualDuration.parse("1000h");

    /** What each of these fields holds. */
    String EXPECTED = VirtualDuration.EXPECTED + ", above zero, at most " + LONGEST;

    /** One of the fields fixed, uniform and exponential. */
    static Distribution read(Section section) {
        Distribution distribution;
        if (section.has("fixed")) {
            distribution = new Fixed(section.scalar("fixed", EXPECTED, Distribution::positive));
        } else if (section.has("uniform")) {
            distribution = uniform(section);
        } else {
            distribution = new Exponential(section.scalar(
                    "exponential", "the mean, or fixed or uniform in its place: " + EXPECTED, Distribution::positive));
        }
        section.end();
        return distribution;
    }

    private static Distribution uniform(Section section) {
        List<VirtualDuration> bounds = section.scalars("uniform", EXPECTED, Distribution::positive);
        if (bounds.size() != 2 || bounds.getFirst().compareTo(bounds.getLast()) > 0) {
            throw section.error("uniform", "is not a range; expected two durations, the least and the most");
        }
        return new Uniform(bounds.getFirst(), bounds.getLast());
    }

    /** A span such as can be drawn. */
    static VirtualDuration positive(String text) {
        VirtualDuration duration = VirtualDuration.parse(text);
        if (duration.nanos() == 0 || duration.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(text);
        }
        return duration;
    }
}
