package dev.simvisor.controller.metrics;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.report.Charts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How busy hosts were: a line for each, or for the least and the most busy and the mean where there are too many to tell apart. */
public final class UtilizationChart {
    private static final int MOST_LINES = 12;
    private static final double PERCENT = 100;
    private static final double NANOS_PER_SECOND = 1e9;

    private UtilizationChart() {}

    /** A PNG; there must be a measurement, and a host in it. */
    public static byte[] png(List<Measurement> measurements) throws IOException {
        XYChart chart = Charts.ofLines("Utilization of the hosts' processors", "s of virtual time", "%");
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisMax(PERCENT);
        List<HostFigures> hosts = measurements.getFirst().hosts();
        if (hosts.size() <= MOST_LINES) {
            for (int i = 0; i < hosts.size(); i++) {
                int index = i;
                addLine(
                        chart,
                        hosts.get(i).host(),
                        measurements,
                        figures -> figures.get(index).utilization());
            }
        } else {
            addLine(chart, "most busy", measurements, UtilizationChart::most);
            addLine(chart, "mean of " + hosts.size(), measurements, UtilizationChart::mean);
            addLine(chart, "least busy", measurements, UtilizationChart::least);
        }
        return Charts.png(chart);
    }

    /** Each interval's figure is drawn at its middle. */
    private static void addLine(
            XYChart chart, String name, List<Measurement> measurements, ToDoubleFunction<List<HostFigures>> figure) {
        List<Double> seconds = new ArrayList<>();
        List<Double> percent = new ArrayList<>();
        for (Measurement measurement : measurements) {
            seconds.add((measurement.fromNanos() + measurement.untilNanos()) / 2.0 / NANOS_PER_SECOND);
            percent.add(Math.min(PERCENT, PERCENT * figure.applyAsDouble(measurement.hosts())));
        }
        chart.addSeries(name, seconds, percent).setMarker(SeriesMarkers.NONE);
    }

    private static double most(List<HostFigures> hosts) {
        return hosts.stream().mapToDouble(HostFigures::utilization).max().orElse(0);
    }

    /** In the order of the hosts: a stream's sum may be taken in another. */
    private static double mean(List<HostFigures> hosts) {
        double sum = 0;
        for (HostFigures host : hosts) {
            sum += host.utilization();
        }
        return sum / hosts.size();
    }

    private static double least(List<HostFigures> hosts) {
        return hosts.stream().mapToDouble(HostFigures::utilization).min().orElse(0);
    }
}
