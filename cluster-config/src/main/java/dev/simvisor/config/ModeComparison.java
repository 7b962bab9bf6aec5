package dev.simvisor.config;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An experiment that runs the built-in guest's nanobenchmarks in every mode, to see what each mode costs.
 *
 * @param costModels by which each is run
 * @param modes in the order of the tables; the first is what the others are compared with
 * @param published figures to show beside ours
 */
public record ModeComparison(
        List<CostModel> costModels,
        List<VirtualizationMode> modes,
        List<Benchmark> benchmarks,
        Optional<Published> published) {
    private static final String KEY = "compare-modes";
    private static final int MOST_OPERATIONS = 1_000_000;
    private static final int LEAST_OPERATIONS = 32;

    /**
     * One of the guest's nanobenchmarks.
     *
     * @param name the guest's
     * @param operations to be timed; three times as many are run to tell what exits are theirs
     * @param about what an operation is
     */
    public record Benchmark(String name, int operations, String about) {}

    /** What figures count. */
    public enum Unit {
        CYCLES,
        MICROSECONDS
    }

    /**
     * Figures of somebody else's.
     *
     * @param name how tables name it
     * @param costModel whose tables show it
     * @param rows in the order written
     */
    public record Published(
            String name, CostModel.Evidence evidence, String source, String costModel, Unit unit, List<Row> rows) {
        public Published {
            rows = List.copyOf(rows);
        }
    }

    /**
     * What was published of a benchmark.
     *
     * @param benchmark ours that corresponds
     * @param title what theirs is called
     * @param figures of an operation, by the mode that corresponds
     * @param remark why ours differ
     */
    public record Row(
            String benchmark, String title, SortedMap<VirtualizationMode, BigDecimal> figures, String remark) {
        public Row {
            figures = Collections.unmodifiableSortedMap(new TreeMap<>(figures));
        }
    }

    public ModeComparison {
        costModels = List.copyOf(costModels);
        modes = List.copyOf(modes);
        benchmarks = List.copyOf(benchmarks);
    }

    /** How many cycles a unit is, by one of the cost models. */
    public double cyclesPer(Unit unit, String costModel) {
        return switch (unit) {
            case CYCLES -> 1;
            case MICROSECONDS ->
                costModels.stream()
                        .filter(model -> model.name().equals(costModel))
                        .mapToDouble(model -> model.clock().hertz() / 1e6)
                        .findFirst()
                        .orElseThrow();
        };
    }

    /**
     * Reads such an experiment; nothing when the file is one of another kind.
     *
     * @throws InvalidConfigException when it is of this kind and not valid
     */
    public static Optional<ModeComparison> load(Path file) {
        Section root = Section.ofFile(file);
        if (!root.has(KEY)) {
            return Optional.empty();
        }
        ModeComparison comparison = read(root.section(KEY));
        root.end();
        return Optional.of(comparison);
    }

    private static ModeComparison read(Section section) {
        List<CostModel> costModels = new ArrayList<>();
        for (String name : section.texts("cost-models", "the name of a cost model")) {
            costModels.add(costModel(section, name));
        }
        List<VirtualizationMode> modes = section.choices("modes", VirtualizationMode.class);
        if (modes.isEmpty()) {
            throw section.error("modes", "is empty; expected at least one mode");
        }
        List<Benchmark> benchmarks = section.sections("benchmarks").stream()
                .map(ModeComparison::benchmark)
                .toList();
        List<String> names = benchmarks.stream().map(Benchmark::name).toList();
        Optional<Published> published = section.optionalSection("published").map(figures -> published(figures, names));
        section.end();
        return new ModeComparison(costModels, modes, benchmarks, published);
    }

    private static CostModel costModel(Section section, String name) {
        try {
            return CostModel.load(name);
        } catch (IllegalArgumentException unknown) {
            throw section.error(
                    "cost-models", "names \"" + name + "\"; expected some of " + String.join(", ", CostModel.names()));
        }
    }

    private static Benchmark benchmark(Section section) {
        Benchmark benchmark = new Benchmark(
                section.scalar("name", Names.EXPECTED, Names::name),
                (int) section.integer("operations", LEAST_OPERATIONS, MOST_OPERATIONS),
                section.text("about", "what an operation is"));
        section.end();
        return benchmark;
    }

    private static Published published(Section section, List<String> benchmarks) {
        String name = section.text("name", "how tables name it");
        CostModel.Evidence evidence = section.choice("evidence", CostModel.Evidence.class);
        String source = section.text("source", "where the figures are from");
        String costModel = section.text("cost-model", "the name of a cost model");
        Unit unit = section.optionalChoice("unit", Unit.class).orElse(Unit.CYCLES);
        List<Row> rows = new ArrayList<>();
        for (Section row : section.sections("rows")) {
            rows.add(row(row, benchmarks));
        }
        section.end();
        return new Published(name, evidence, source, costModel, unit, rows);
    }

    private static BigDecimal aboveZero(String text) {
        BigDecimal number = new BigDecimal(text);
        if (number.signum() <= 0) {
            throw new IllegalArgumentException(text);
        }
        return number;
    }

    private static Row row(Section section, List<String> benchmarks) {
        String benchmark = section.text("benchmark", "the name of a benchmark");
        if (!benchmarks.contains(benchmark)) {
            throw section.error(
                    "benchmark", "is \"" + benchmark + "\"; expected one of " + String.join(", ", benchmarks));
        }
        String title = section.optionalText("title", "what theirs is called").orElse(benchmark);
        SortedMap<VirtualizationMode, BigDecimal> figures = new TreeMap<>();
        for (VirtualizationMode mode : VirtualizationMode.values()) {
            section.optionalScalar(mode.toString(), "a number above zero", ModeComparison::aboveZero)
                    .ifPresent(figure -> figures.put(mode, figure));
        }
        Row row = new Row(benchmark, title, figures, section.text("remark", "why ours differ"));
        section.end();
        return row;
    }
}
