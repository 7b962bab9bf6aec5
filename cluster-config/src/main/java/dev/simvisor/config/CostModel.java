package dev.simvisor.config;

import java.math.BigDecimal;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How many cycles things take on a kind of processor. Every figure has a source; cost-models/README.md has the schema.
 *
 * @param clock at which the figures are cycles
 * @param cyclesPerInstruction the CPI of ordinary instructions, with at most three decimals
 * @param eventCycles the whole cycles that an event is charged
 */
public record CostModel(
        String name,
        String description,
        Frequency clock,
        Figure cyclesPerInstruction,
        SortedMap<Event, Figure> eventCycles) {
    /** What is charged beyond its instruction. */
    public enum Event {
        /** An IN or OUT that reaches a device. */
        PORT_IO
    }

    /** How a figure is known. */
    public enum Evidence {
        MEASURED,
        READ,
        RECALLED
    }

    /** A number, how it is known, and from where. */
    public record Figure(BigDecimal value, Evidence evidence, String source) {}

    public CostModel {
        eventCycles = Collections.unmodifiableSortedMap(new TreeMap<>(eventCycles));
    }

    /**
     * The model of that name among those that come with Simvisor.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static CostModel load(String name) {
        String resource = "cost-models/" + name + ".conf";
        if (!Names.isName(name) || CostModel.class.getResource(resource) == null) {
            throw new IllegalArgumentException("no cost model " + name);
        }
        Section root = Section.ofResource(resource);
        CostModel model = new CostModel(
                name,
                root.text("description", "one line for the user"),
                root.scalar("clock", Frequency.EXPECTED, Frequency::parse),
                figure(root.section("cycles-per-instruction"), 3),
                events(root.section("events")));
        root.end();
        return model;
    }

    /** The CPI times 1000, so that charging stays within integers. */
    public long cyclesPerThousandInstructions() {
        return cyclesPerInstruction.value().movePointRight(3).longValueExact();
    }

    private static SortedMap<Event, Figure> events(Section section) {
        SortedMap<Event, Figure> events = new TreeMap<>();
        for (Event event : Event.values()) {
            String key = Names.written(event);
            section.optionalSection(key).ifPresent(figure -> events.put(event, figure(figure, 0)));
        }
        section.end();
        return events;
    }

    private static Figure figure(Section section, int decimals) {
        String expected = decimals == 0 ? "a whole number" : "a number with at most " + decimals + " decimals";
        Figure figure = new Figure(
                section.scalar("value", expected + " above zero", text -> number(text, decimals)),
                section.choice("evidence", Evidence.class),
                section.text("source", "where the figure is from"));
        section.end();
        return figure;
    }

    private static BigDecimal number(String text, int decimals) {
        BigDecimal number = new BigDecimal(text);
        if (number.signum() <= 0 || number.stripTrailingZeros().scale() > decimals) {
            throw new IllegalArgumentException(text);
        }
        return number;
    }
}
