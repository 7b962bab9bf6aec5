package dev.simvisor.controller.modecosts;

import dev.simvisor.config.ModeComparison;
import dev.simvisor.config.ModeComparison.Benchmark;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.report.Charts;
import java.awt.Color;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/** What the modes cost by one cost model, as bars: a group for each benchmark, on a logarithmic axis. */
public final class ModeCostChart {
    private static final int WIDTH = 1600;
    private static final int HEIGHT = 700;
    /** Where the bars begin, in cycles. */
    private static final double SHORTEST_BAR = 0.1;

    // Of one hue for ours and what was published of the same mode, told apart by a lighter tone.
    private static final Color[] OURS = {
        new Color(0x4D4D4D), new Color(0xC0504D), new Color(0x2E75B6), new Color(0x7F9A3B), new Color(0x8064A2)
    };

    private static final float TINT = 0.6f;

    private ModeCostChart() {}

    /** A PNG. */
    public static byte[] png(ModeComparison comparison, ModeCosts costs) throws IOException {
        Charts.withoutScreen();
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("What an operation of the guest's takes, by " + costs.costModel())
                .yAxisTitle("virtual cycles per operation")
                .build();
        style(chart);
        for (VirtualizationMode mode : comparison.modes()) {
            add(
                    chart,
                    comparison,
                    mode.toString(),
                    OURS[mode.ordinal()],
                    benchmark -> costs.cost(mode, benchmark).map(ModeCosts.Cost::cycles));
        }
        comparison
                .published()
                .filter(published -> published.costModel().equals(costs.costModel()))
                .ifPresent(published -> addPublished(chart, comparison, published));
        return Charts.png(chart);
    }

    private static void style(CategoryChart chart) {
        Charts.style(chart.getStyler());
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setYAxisMin(SHORTEST_BAR);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        chart.getStyler().setAvailableSpaceFill(0.85);
    }

    private static void addPublished(
            CategoryChart chart, ModeComparison comparison, ModeComparison.Published published) {
        for (VirtualizationMode mode : VirtualizationMode.values()) {
            double cyclesPerUnit = comparison.cyclesPer(published.unit(), published.costModel());
            Function<String, Optional<Double>> cycles = benchmark -> published.rows().stream()
                    .filter(row -> row.benchmark().equals(benchmark))
                    .findFirst()
                    .map(row -> row.figures().get(mode))
                    .map(figure -> figure.doubleValue() * cyclesPerUnit);
            if (comparison.benchmarks().stream()
                    .anyMatch(benchmark -> cycles.apply(benchmark.name()).isPresent())) {
                add(
                        chart,
                        comparison,
                        mode + ", published by " + published.name(),
                        tinted(OURS[mode.ordinal()]),
                        cycles);
            }
        }
    }

    private static Color tinted(Color color) {
        return new Color(tinted(color.getRed()), tinted(color.getGreen()), tinted(color.getBlue()));
    }

    private static int tinted(int component) {
        return Math.round(component + (255 - component) * TINT);
    }

    /** A series with a bar for each benchmark of which there is a figure. */
    private static void add(
            CategoryChart chart,
            ModeComparison comparison,
            String name,
            Color color,
            Function<String, Optional<Double>> cycles) {
        List<String> benchmarks = new ArrayList<>();
        List<Double> bars = new ArrayList<>();
        for (Benchmark benchmark : comparison.benchmarks()) {
            benchmarks.add(benchmark.name());
            bars.add(cycles.apply(benchmark.name())
                    .map(figure -> Math.max(figure, SHORTEST_BAR))
                    .orElse(null));
        }
        CategorySeries series = chart.addSeries(name, benchmarks, bars);
        series.setFillColor(color);
    }
}
