package dev.simvisor.controller.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/** All measurements so far, and the table of their medians. */
final class Results {
    /** One line of the table. */
    private static final class Row {
        final Map<String, List<Long>> nanos = new LinkedHashMap<>();
        OptionalLong instructions = OptionalLong.empty();
    }

    private final List<String> emulators;
    private final Map<String, Row> rows = new LinkedHashMap<>();

    /**
     * @param emulators the first is what the others are compared with
     */
    Results(List<Emulator> emulators) {
        this.emulators = emulators.stream().map(Emulator::name).toList();
    }

    /** Wall time of one piece of work, once. */
    void add(String work, Emulator emulator, long nanos) {
        row(work).nanos.computeIfAbsent(emulator.name(), _ -> new ArrayList<>()).add(nanos);
    }

    /** How many instructions that work takes; the last count stands. */
    void count(String work, long instructions) {
        row(work).instructions = OptionalLong.of(instructions);
    }

    private Row row(String work) {
        return rows.computeIfAbsent(work, _ -> new Row());
    }

    /** The median, of an even number of values the lower one. */
    static long median(List<Long> values) {
        long[] sorted = values.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        return sorted[(sorted.length - 1) / 2];
    }

    /** One row for each work that all have done: times, and how many times as long as the first each other one takes. */
    String table() {
        StringBuilder table = new StringBuilder("%-16s".formatted("work"));
        for (String emulator : emulators) table.append(" %24s ms".formatted(emulator));
        for (String emulator : others()) table.append(" %24s x".formatted(emulator));
        table.append(" %12s%n".formatted("Minstr/s"));
        Map<String, List<Double>> ratios = new LinkedHashMap<>();
        rows.forEach((work, row) -> {
            if (row.nanos.size() == emulators.size()) table.append(line(work, row, ratios));
        });
        ratios.forEach((emulator, values) -> table.append(String.format(
                Locale.ROOT,
                "geometric mean of %s to %s: %.2f%n",
                emulator,
                emulators.getFirst(),
                Math.exp(values.stream().mapToDouble(Math::log).average().orElse(Double.NaN)))));
        return table.toString();
    }

    private static List<Long> nanos(Row row, String emulator) {
        return row.nanos.getOrDefault(emulator, List.of());
    }

    private List<String> others() {
        return emulators.subList(1, emulators.size());
    }

    private String line(String work, Row row, Map<String, List<Double>> ratios) {
        StringBuilder line = new StringBuilder("%-16s".formatted(work));
        long first = median(nanos(row, emulators.getFirst()));
        for (String emulator : emulators) {
            line.append(String.format(Locale.ROOT, " %24.0f ms", median(nanos(row, emulator)) / 1e6));
        }
        for (String emulator : others()) {
            double ratio = (double) median(nanos(row, emulator)) / first;
            ratios.computeIfAbsent(emulator, _ -> new ArrayList<>()).add(ratio);
            line.append(String.format(Locale.ROOT, " %24.2f x", ratio));
        }
        String rate = row.instructions.isEmpty()
                ? "-"
                : String.format(Locale.ROOT, "%.1f", row.instructions.getAsLong() * 1e3 / first);
        return line.append(" %12s%n".formatted(rate)).toString();
    }
}
