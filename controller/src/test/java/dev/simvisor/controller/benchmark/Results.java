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
        final List<Long> simvisorNanos = new ArrayList<>();
        final List<Long> bochsNanos = new ArrayList<>();
        OptionalLong instructions = OptionalLong.empty();

        List<Long> of(Emulator emulator) {
            return switch (emulator) {
                case Simvisor _ -> simvisorNanos;
                case Bochs _ -> bochsNanos;
            };
        }
    }

    private static final String HEAD = "%-12s %14s %14s %8s %16s %14s%n";
    private static final String LINE = "%-12s %11.0f ms %11.0f ms %8.2f %16s %14s%n";

    private final Map<String, Row> rows = new LinkedHashMap<>();

    /** Wall time of one piece of work, once. */
    void add(String work, Emulator emulator, long nanos) {
        row(work).of(emulator).add(nanos);
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

    /** One row for each work that both have done; the speed-up is Bochs' time over ours. */
    String table() {
        StringBuilder table = new StringBuilder();
        table.append(HEAD.formatted("work", "Simvisor", "Bochs", "speed-up", "Simvisor Minstr/s", "Bochs Minstr/s"));
        List<Double> speedUps = new ArrayList<>();
        rows.forEach((work, row) -> {
            if (row.simvisorNanos.isEmpty() || row.bochsNanos.isEmpty()) {
                return;
            }
            long ours = median(row.simvisorNanos);
            long theirs = median(row.bochsNanos);
            speedUps.add((double) theirs / ours);
            table.append(LINE.formatted(
                    work, ours / 1e6, theirs / 1e6, (double) theirs / ours, rate(row, ours), rate(row, theirs)));
        });
        double mean =
                Math.exp(speedUps.stream().mapToDouble(Math::log).average().orElse(Double.NaN));
        return table + String.format(Locale.ROOT, "geometric mean of the speed-ups: %.2f%n", mean);
    }

    private static String rate(Row row, long nanos) {
        return row.instructions.isEmpty()
                ? "-"
                : String.format(Locale.ROOT, "%.1f", row.instructions.getAsLong() * 1e3 / nanos);
    }
}
