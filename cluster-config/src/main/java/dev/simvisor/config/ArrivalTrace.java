package dev.simvisor.config;

import dev.simvisor.config.ArrivalProcess.Source.Trace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;

/**
 * Reads arrivals from a file: a first line of {@value #HEADER}, then one for each, by rising time. A lifetime that is left empty
 * lasts until the guest ends.
 */
final class ArrivalTrace {
    static final String HEADER = "time,type,lifetime";

    /** Spreadsheets begin a file in UTF-8 with it. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final Path file;
    private final SortedMap<String, VmType> types;
    private int line;

    ArrivalTrace(Path file, SortedMap<String, VmType> types) {
        this.file = file;
        this.types = types;
    }

    Trace read() {
        List<String> lines = lines();
        line = 1;
        if (lines.isEmpty() || !lines.getFirst().strip().equals(HEADER)) {
            throw error("", "expected a first line of " + HEADER);
        }
        List<Trace.Entry> entries = new ArrayList<>();
        for (String text : lines.subList(1, lines.size())) {
            line++;
            if (!text.isBlank()) {
                entries.add(entry(text, entries));
            }
            if (entries.size() > ArrivalProcess.MOST_ARRIVALS) {
                throw error("", "expected at most " + ArrivalProcess.MOST_ARRIVALS + " arrivals");
            }
        }
        return new Trace(entries);
    }

    private List<String> lines() {
        try {
            String text = Files.readString(file);
            return (text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text)
                    .lines()
                    .toList();
        } catch (IOException unreadable) {
            throw new InvalidConfigException(file + ": cannot be read as UTF-8; expected arrivals, " + HEADER);
        }
    }

    private Trace.Entry entry(String text, List<Trace.Entry> before) {
        String[] cells = text.split(",", -1);
        if (cells.length != 3) {
            throw error("", "has " + cells.length + " fields; expected " + HEADER);
        }
        VirtualDuration at = span("time", VirtualDuration.EXPECTED, cells[0].strip(), VirtualDuration::parse);
        if (!before.isEmpty() && at.compareTo(before.getLast().at()) < 0) {
            throw error("time", "is before the one above; expected rising times");
        }
        VmType type = types.get(cells[1].strip());
        if (type == null) {
            throw error(
                    "type", "is \"" + cells[1].strip() + "\"; expected one of " + String.join(", ", types.keySet()));
        }
        String lifetime = cells[2].strip();
        return new Trace.Entry(
                at,
                type,
                lifetime.isEmpty()
                        ? Optional.empty()
                        : Optional.of(span("lifetime", Distribution.EXPECTED, lifetime, Distribution::positive)));
    }

    private VirtualDuration span(String field, String expected, String text, Function<String, VirtualDuration> parse) {
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException refused) {
            throw error(field, "is \"" + text + "\"; expected " + expected);
        }
    }

    private InvalidConfigException error(String field, String message) {
        return new InvalidConfigException(file + ":" + line + ": " + (field.isEmpty() ? "" : field + ": ") + message);
    }
}
