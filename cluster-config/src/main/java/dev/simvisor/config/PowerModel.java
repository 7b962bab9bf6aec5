package dev.simvisor.config;

import java.util.List;

/**
 * What power a host draws, by how much of its processors' time is used.
 *
 * @param byUtilization at equal steps from none of it to all of it: at least two, with straight lines between them
 * @param source where the figures come from
 */
public record PowerModel(List<Power> byUtilization, String source) {
    /** Active idle and the ten loads at which SPECpower_ssj2008 measures: 10 %, 20 %, ..., 100 %. */
    private static final int LEVELS = 11;

    private static final String TABLE =
            LEVELS + " figures, at 0, 10, ..., 100 % of the processors' time, each " + Power.EXPECTED;

    public PowerModel {
        byUtilization = List.copyOf(byUtilization);
    }

    /** Either {@code idle} and {@code peak}, or {@code by-utilization}; and their {@code source}. */
    static PowerModel read(Section section) {
        String source = section.text("source", "where the figures come from");
        List<Power> figures;
        if (section.has("by-utilization")) {
            figures = section.scalars("by-utilization", Power.EXPECTED, Power::parse);
            if (figures.size() != LEVELS) {
                throw section.error("by-utilization", "has " + figures.size() + " figures; expected " + TABLE);
            }
        } else {
            figures = linear(section);
        }
        section.end();
        return new PowerModel(figures, source);
    }

    private static List<Power> linear(Section section) {
        Power idle = section.scalar("idle", Power.EXPECTED + ", or by-utilization with " + TABLE, Power::parse);
        Power peak = section.scalar("peak", Power.EXPECTED, Power::parse);
        if (peak.milliwatts() < idle.milliwatts()) {
            throw section.error("peak", "is below idle; expected at least as much");
        }
        return List.of(idle, peak);
    }
}
