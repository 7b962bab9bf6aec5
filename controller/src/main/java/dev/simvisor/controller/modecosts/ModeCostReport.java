package dev.simvisor.controller.modecosts;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import dev.simvisor.config.ModeComparison;
import dev.simvisor.config.ModeComparison.Benchmark;
import dev.simvisor.config.ModeComparison.Published;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.report.Table;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** What the modes cost, in words and figures. */
public final class ModeCostReport {
    private static final String NONE = "-";
    /** Exits rarer than that are what happened by the way: a timer's tick, a digit more to print. */
    private static final double LEAST_EXITS = 0.05;

    /** Figures that are no further apart count as the same. */
    private static final double SAME = 1.01;

    private final ModeComparison comparison;
    private final List<ModeCosts> results;

    public ModeCostReport(ModeComparison comparison, List<ModeCosts> results) {
        this.comparison = comparison;
        this.results = results;
    }

    // ---- for people

    /** Tables and text, a line each. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (ModeCosts costs : results) {
            lines.add("Virtual cycles per operation by " + costs.costModel() + ", beside each their ratio to "
                    + comparison.modes().getFirst());
            lines.add("");
            lines.addAll(cycles(costs).lines());
            lines.add("");
            lines.add("Exits per operation by kind, by " + costs.costModel());
            lines.add("");
            lines.addAll(exits(costs).lines());
            lines.add("");
            costs.modes().forEach((mode, ofMode) -> lines.addAll(failures(mode, ofMode)));
            published(costs).ifPresent(published -> lines.addAll(comparedWith(published, costs)));
        }
        lines.add("The benchmarks");
        lines.add("");
        lines.addAll(about().lines());
        return lines;
    }

    private static List<String> failures(VirtualizationMode mode, ModeCosts.OfMode ofMode) {
        List<String> lines = new ArrayList<>();
        ofMode.ending().ifPresent(ending -> lines.add("In mode " + mode + " the guest ended early: " + ending));
        ofMode.slip()
                .ifPresent(slip -> lines.add("In mode " + mode
                        + " the guest went wrong, and its figures are those of a guest gone wrong; first " + slip));
        if (!lines.isEmpty()) {
            lines.add("");
        }
        return lines;
    }

    private Table about() {
        Table table = Table.of("benchmark", "one operation is");
        for (Benchmark benchmark : comparison.benchmarks()) {
            table.row(benchmark.name(), benchmark.about());
        }
        return table;
    }

    private Table cycles(ModeCosts costs) {
        List<String> headers = new ArrayList<>(List.of("benchmark"));
        VirtualizationMode base = comparison.modes().getFirst();
        for (VirtualizationMode mode : comparison.modes()) {
            headers.add(">" + mode);
            if (mode != base) {
                headers.add(">x");
            }
        }
        Table table = Table.of(headers.toArray(String[]::new));
        for (Benchmark benchmark : comparison.benchmarks()) {
            List<Object> cells = new ArrayList<>(List.of(benchmark.name()));
            Optional<ModeCosts.Cost> baseline = costs.cost(base, benchmark.name());
            for (VirtualizationMode mode : comparison.modes()) {
                Optional<ModeCosts.Cost> cost = costs.cost(mode, benchmark.name());
                cells.add(cost.map(some -> figure(some.cycles())).orElse(NONE));
                if (mode != base) {
                    cells.add(cost.flatMap(some -> baseline.map(one -> figure(some.cycles() / one.cycles())))
                            .orElse(NONE));
                }
            }
            table.row(cells.toArray());
        }
        return table;
    }

    private Table exits(ModeCosts costs) {
        Table table = Table.of("benchmark", "mode", "exits");
        for (Benchmark benchmark : comparison.benchmarks()) {
            for (VirtualizationMode mode : comparison.modes()) {
                String exits = costs.cost(mode, benchmark.name()).stream()
                        .flatMap(cost -> cost.exits().entrySet().stream())
                        .filter(kind -> Math.abs(kind.getValue()) >= LEAST_EXITS)
                        .map(kind -> kind.getKey() + " " + String.format(Locale.ROOT, "%.2f", kind.getValue()))
                        .collect(Collectors.joining(", "));
                if (!exits.isEmpty()) {
                    table.row(benchmark.name(), mode, exits);
                }
            }
        }
        return table;
    }

    /** A figure with as many digits as mean something. */
    private static String figure(double value) {
        return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%.0f", value);
    }

    // ---- beside what was published

    private Optional<Published> published(ModeCosts costs) {
        return comparison.published().filter(published -> published.costModel().equals(costs.costModel()));
    }

    private List<String> comparedWith(Published published, ModeCosts costs) {
        List<String> lines = new ArrayList<>();
        lines.add("Published: " + published.name() + " ("
                + published.evidence().name().toLowerCase(Locale.ROOT) + "; " + published.source() + ")");
        lines.add("");
        double cyclesPerUnit = comparison.cyclesPer(published.unit(), costs.costModel());
        String unit = published.unit().name().toLowerCase(Locale.ROOT);
        Table table = Table.of("theirs", "ours", "mode", ">published, " + unit, ">ours", ">ours / published");
        for (ModeComparison.Row row : published.rows()) {
            row.figures().forEach((mode, figure) -> {
                Optional<Double> ours = costs.cost(mode, row.benchmark()).map(cost -> cost.cycles() / cyclesPerUnit);
                table.row(
                        row.title(),
                        row.benchmark(),
                        mode,
                        figure.toPlainString(),
                        ours.map(ModeCostReport::figure).orElse(NONE),
                        ours.map(some -> figure(some / figure.doubleValue())).orElse(NONE));
            });
        }
        lines.addAll(table.lines());
        lines.add("");
        for (ModeComparison.Row row : published.rows()) {
            lines.add(row.title() + ": " + order(row, costs) + " " + row.remark());
        }
        lines.add("");
        return lines;
    }

    /** Whether the modes come in the published order, from the cheapest to the dearest. */
    private static String order(ModeComparison.Row row, ModeCosts costs) {
        List<VirtualizationMode> common = row.figures().keySet().stream()
                .filter(mode -> costs.cost(mode, row.benchmark()).isPresent())
                .toList();
        String theirs = inOrder(
                common,
                mode -> row.figures().getOrDefault(mode, BigDecimal.ZERO).doubleValue());
        String ours = inOrder(
                common,
                mode -> costs.cost(mode, row.benchmark())
                        .map(ModeCosts.Cost::cycles)
                        .orElse(0.0));
        if (common.size() < 2) {
            return "only one mode to compare.";
        }
        return theirs.equals(ours)
                ? "in the published order (" + theirs + ")."
                : "in another order than published (" + ours + "; published " + theirs + ").";
    }

    private static String inOrder(List<VirtualizationMode> modes, ToDoubleFunction<VirtualizationMode> cycles) {
        StringBuilder order = new StringBuilder();
        double last = 0;
        for (VirtualizationMode mode :
                modes.stream().sorted(Comparator.comparingDouble(cycles)).toList()) {
            double next = cycles.applyAsDouble(mode);
            if (!order.isEmpty()) {
                order.append(next > last * SAME ? " < " : " = ");
            }
            order.append(mode);
            last = next;
        }
        return order.toString();
    }

    // ---- for programs

    /** Everything that was measured, as one JSON object. */
    public String toJson() {
        Map<String, Object> models = new TreeMap<>();
        for (ModeCosts costs : results) {
            Map<String, Object> modes = new TreeMap<>();
            costs.modes().forEach((mode, ofMode) -> {
                Map<String, Object> benchmarks = new TreeMap<>();
                ofMode.costs()
                        .forEach((name, cost) ->
                                benchmarks.put(name, Map.of("cycles", cost.cycles(), "exits", cost.exits())));
                modes.put(mode.toString(), benchmarks);
            });
            models.put(costs.costModel(), modes);
        }
        return ConfigValueFactory.fromMap(models)
                .render(ConfigRenderOptions.concise().setFormatted(true));
    }
}
