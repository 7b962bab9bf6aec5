package dev.simvisor.controller.report;

import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.api.RoundReport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * How migrations converge: a line for each, of the pages that there were to send at first, and that were left after each of its
 * rounds and, where pages followed after the hand-over, when that was over.
 */
public final class MigrationChart {
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
        XYChart chart = Charts.ofLines(
                "What migrations have still to send", "ms of virtual time since the first round began", "pages");
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setYAxisMin(FEWEST_PAGES);
        for (MigrationReport report : reports) {
            if (report.getRoundsCount() > 0) {
                addLine(chart, report);
            }
        }
        return Charts.png(chart);
    }

    /** A point of a line. */
    record Left(double millis, double pages) {
        static Left at(long nanos, long pages) {
            return new Left(nanos / NANOS_PER_MILLI, Math.max((double) pages, FEWEST_PAGES));
        }
    }

    /** The line of a migration that got as far as to send anything. */
    static List<Left> line(MigrationReport report) {
        List<Left> line = new ArrayList<>(List.of(Left.at(0, report.getRounds(0).getPagesToSend())));
        long nanos = 0;
        for (RoundReport round : report.getRoundsList()) {
            nanos += round.getDurationNanos();
            line.add(Left.at(nanos, round.getPagesRemaining()));
        }
        if (report.hasPostCopy()) {
            PostCopyReport followed = report.getPostCopy();
            long came = followed.getPushedPages() + followed.getDemandedPages();
            line.add(Left.at(nanos + followed.getDurationNanos(), followed.getMissingPages() - came));
        }
        return line;
    }

    private static void addLine(XYChart chart, MigrationReport report) {
        List<Left> line = line(report);
        List<Double> millis = line.stream().map(Left::millis).toList();
        List<Double> pages = line.stream().map(Left::pages).toList();
        String name =
                report.getNumber() + ": " + report.getVm() + ", " + report.getSource() + " to " + report.getTarget();
        chart.addSeries(name, millis, pages).setMarker(SeriesMarkers.CIRCLE);
    }
}
