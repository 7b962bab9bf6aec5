package dev.simvisor.controller.metrics;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.report.Charts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** What memory the VMs of all hosts had written, and what that took of the hosts' memory: the difference is what sharing saved. */
public final class MemoryChart {
    private static final double MEBIBYTE = 1 << 20;
    private static final double NANOS_PER_SECOND = 1e9;

    private MemoryChart() {}

    /** A PNG; there must be a measurement. */
    public static byte[] png(List<Measurement> measurements) throws IOException {
        XYChart chart = Charts.ofLines("Memory of all hosts", "s of virtual time", "MiB");
        chart.getStyler().setYAxisMin(0.0);
        addLine(chart, "written by VMs", measurements, HostFigures::memoryTouchedBytes);
        addLine(chart, "in frames", measurements, host -> host.memoryTouchedBytes() - host.memorySavedBytes());
        return Charts.png(chart);
    }

    /** Each figure is that of an interval's end. */
    private static void addLine(
            XYChart chart, String name, List<Measurement> measurements, ToLongFunction<HostFigures> bytes) {
        List<Double> seconds = new ArrayList<>();
        List<Double> mebibytes = new ArrayList<>();
        for (Measurement measurement : measurements) {
            seconds.add(measurement.untilNanos() / NANOS_PER_SECOND);
            mebibytes.add(measurement.hosts().stream().mapToLong(bytes).sum() / MEBIBYTE);
        }
        chart.addSeries(name, seconds, mebibytes).setMarker(SeriesMarkers.NONE);
    }
}
