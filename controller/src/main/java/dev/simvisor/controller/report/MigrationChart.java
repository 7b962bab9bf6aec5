package dev.simvisor.controller.report;

import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.RoundReport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How migrations converge: a line for each, of the pages that were still to send after each of its rounds. */
public final class MigrationChart {
    private static final int WIDTH = 1200;
    private static final int HEIGHT = 700;
    private static final double NANOS_PER_MILLI = 1e6;
    /** What is drawn for no pages at all, which a logarithmic axis has no place for. */
    private static final double FEWEST_PAGES = 1;

    private MigrationChart() {}

    /** Whether there is anything to draw. */
    public static boolean hasLines(List<MigrationReport> reports) {
        return reports.stream().anyMatch(report -> report.getRoundsCount() > 0);
    }

    /** A PNG of those that got as far as to send anything; there must be one. */
    public static byte[] png(List<MigrationReport> reports) throws IOException {
        Charts.withoutScreen();
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("What migrations have still to send")
                .xAxisTitle("ms of virtual time since the first round began")
                .yAxisTitle("pages")
                .build();
        style(chart);
        for (MigrationReport report : reports) {
            if (report.getRoundsCount() > 0) {
                addLine(chart, report);
            }
        }
        return Charts.png(chart);
    }

    private static void style(XYChart chart) {
        Charts.style(chart.getStyler());
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setYAxisMin(FEWEST_PAGES);
        chart.getStyler().setXAxisMin(0.0);
    }

    private static void addLine(XYChart chart, MigrationReport report) {
        RoundReport first = report.getRounds(0);
        List<Double> millis = new ArrayList<>(List.of(0.0));
        List<Double> pages = new ArrayList<>(List.of((double) first.getPages() + first.getZeroPages()));
        long nanos = 0;
        for (RoundReport round : report.getRoundsList()) {
            nanos += round.getDurationNanos();
            millis.add(nanos / NANOS_PER_MILLI);
            pages.add(Math.max((double) round.getPagesRemaining(), FEWEST_PAGES));
        }
        String name =
                report.getNumber() + ": " + report.getVm() + ", " + report.getSource() + " to " + report.getTarget();
        chart.addSeries(name, millis, pages).setMarker(SeriesMarkers.CIRCLE);
    }
}
