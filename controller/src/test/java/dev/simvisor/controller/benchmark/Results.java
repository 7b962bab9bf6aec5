package dev.simvisor.controller.benchmark;

import dev.simvisor.controller.benchmark.Work.Group;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** All measurements so far, and the table of their medians. */
final class Results {
    /** Which execution of the work in its process. */
    enum Repetition {
        /** The first: all that warms up does so meanwhile. */
        FIRST,
        AGAIN
    }

    /** One line of the table. */
    private static final class Row {
        final Map<String, Map<Repetition, List<Long>>> nanos = new HashMap<>();
        OptionalLong instructions = OptionalLong.empty();
        String checksum = "";
        String checksumBy = "";
    }

    private static final int NAME_WIDTH = 20;
    private static final int LEAST_WIDTH = 10;

    private final List<String> emulators;
    private final Map<Work, Row> rows = new LinkedHashMap<>();

    /**
     * @param emulators the first is what the others are compared with
     */
    Results(List<String> emulators) {
        this.emulators = List.copyOf(emulators);
    }

    /** Wall time of one piece of work, once. */
    void add(Work work, String emulator, Repetition repetition, long nanos) {
        row(work)
                .nanos
                .computeIfAbsent(emulator, _ -> new EnumMap<>(Repetition.class))
                .computeIfAbsent(repetition, _ -> new ArrayList<>())
                .add(nanos);
    }

    /** How many instructions that work takes an emulator; the last count of the first emulator's stands. */
    void count(Work work, String emulator, long instructions) {
        if (emulator.equals(emulators.getFirst())) row(work).instructions = OptionalLong.of(instructions);
    }

    /** Holds what came of a piece of work against what came of it before. */
    void check(Work work, String emulator, String checksum) throws BenchmarkException {
        Row row = row(work);
        if (row.checksumBy.isEmpty()) {
            row.checksum = checksum;
            row.checksumBy = emulator;
        } else if (!row.checksum.equals(checksum)) {
            throw new BenchmarkException(work.name() + ": checksum " + checksum + " by " + emulator + ", but "
                    + row.checksum + " by " + row.checksumBy);
        }
    }

    private Row row(Work work) {
        return rows.computeIfAbsent(work, _ -> new Row());
    }

    /** The median, of an even number of values the lower one. */
    static long median(List<Long> values) {
        return values.stream().sorted().toList().get((values.size() - 1) / 2);
    }

    static OptionalDouble geometricMean(List<Double> values) {
        OptionalDouble logarithm = values.stream().mapToDouble(Math::log).average();
        return logarithm.isEmpty() ? logarithm : OptionalDouble.of(Math.exp(logarithm.getAsDouble()));
    }

    private OptionalLong nanos(Row row, String emulator, Repetition repetition) {
        List<Long> nanos = row.nanos.getOrDefault(emulator, Map.of()).getOrDefault(repetition, List.of());
        return nanos.isEmpty() ? OptionalLong.empty() : OptionalLong.of(median(nanos));
    }

    /** How many times as long as the first emulator another takes; its first execution stands for one that it cannot repeat. */
    private OptionalDouble ratio(Row row, String other, Repetition repetition) {
        OptionalLong ours = nanos(row, emulators.getFirst(), repetition);
        OptionalLong theirs = nanos(row, other, repetition);
        if (theirs.isEmpty()) theirs = nanos(row, other, Repetition.FIRST);
        return ours.isEmpty() || theirs.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of((double) theirs.getAsLong() / ours.getAsLong());
    }

    // ---- the table ----

    /** For each group a block: a line for each work, and the geometric mean and the least of the ratios. */
    String table() {
        StringBuilder table = new StringBuilder();
        for (Group group : Group.values()) {
            List<Work> works =
                    rows.keySet().stream().filter(work -> work.group() == group).toList();
            if (!works.isEmpty()) append(table, group, works);
        }
        return table.toString();
    }

    /** The line of one piece of work, as it is now. */
    String soFar(Work work) {
        return line(work).strip().replaceAll(" +", " ");
    }

    private void append(StringBuilder table, Group group, List<Work> works) {
        table.append(heading(group));
        works.forEach(work -> table.append(line(work)));
        if (others().isEmpty()) return;
        table.append(summary("geometric mean", works, Results::geometricMean));
        table.append(summary(
                "least",
                works,
                ratios -> ratios.stream().mapToDouble(Double::doubleValue).min()));
        table.append('\n');
    }

    private List<String> others() {
        return emulators.subList(1, emulators.size());
    }

    /** Two columns together are at least as wide as the name above them. */
    private static int width(String emulator) {
        return Math.max(LEAST_WIDTH, emulator.length() / 2 + 1);
    }

    private static String cell(String emulator, String text) {
        return String.format(Locale.ROOT, " %" + width(emulator) + "s", text);
    }

    private String heading(Group group) {
        StringBuilder names = new StringBuilder(name(group.written));
        StringBuilder columns = new StringBuilder(name(""));
        for (String emulator : emulators) {
            names.append(String.format(Locale.ROOT, " %" + (2 * width(emulator) + 1) + "s", emulator + " ms"));
            columns.append(cell(emulator, "first")).append(cell(emulator, "again"));
        }
        for (String emulator : others()) {
            names.append(String.format(Locale.ROOT, " %" + (2 * width(emulator) + 1) + "s", emulator + " x"));
            columns.append(cell(emulator, "first")).append(cell(emulator, "again"));
        }
        String first = emulators.getFirst();
        names.append(String.format(Locale.ROOT, " %" + (2 * width(first) + 1) + "s", "Minstr/s"));
        columns.append(cell(first, "first")).append(cell(first, "again"));
        return names.append('\n').append(columns).append('\n').toString();
    }

    private static String name(String text) {
        return String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", text);
    }

    private String line(Work work) {
        Row row = rows.getOrDefault(work, new Row());
        StringBuilder line = new StringBuilder(name(work.name()));
        for (String emulator : emulators) {
            for (Repetition repetition : Repetition.values()) {
                OptionalLong nanos = nanos(row, emulator, repetition);
                line.append(cell(emulator, nanos.isEmpty() ? "-" : "%.0f".formatted(nanos.getAsLong() / 1e6)));
            }
        }
        for (String emulator : others()) {
            for (Repetition repetition : Repetition.values()) {
                line.append(cell(emulator, twoDigits(ratio(row, emulator, repetition))));
            }
        }
        for (Repetition repetition : Repetition.values()) line.append(rate(row, repetition));
        return line.append('\n').toString();
    }

    private String rate(Row row, Repetition repetition) {
        String first = emulators.getFirst();
        OptionalLong nanos = nanos(row, first, repetition);
        boolean known = row.instructions.isPresent() && nanos.isPresent();
        return cell(first, known ? "%.1f".formatted(row.instructions.getAsLong() * 1e3 / nanos.getAsLong()) : "-");
    }

    private static String twoDigits(OptionalDouble value) {
        return value.isEmpty() ? "-" : String.format(Locale.ROOT, "%.2f", value.getAsDouble());
    }

    private interface Summary {
        OptionalDouble of(List<Double> ratios);
    }

    private String summary(String name, List<Work> works, Summary summary) {
        StringBuilder line = new StringBuilder(name(name));
        emulators.forEach(emulator -> line.append(cell(emulator, "")).append(cell(emulator, "")));
        for (String emulator : others()) {
            for (Repetition repetition : Repetition.values()) {
                List<Double> ratios = works.stream()
                        .map(work -> ratio(rows.getOrDefault(work, new Row()), emulator, repetition))
                        .flatMapToDouble(OptionalDouble::stream)
                        .boxed()
                        .toList();
                line.append(cell(emulator, twoDigits(summary.of(ratios))));
            }
        }
        return line.append('\n').toString();
    }
}
