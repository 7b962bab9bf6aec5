package dev.simvisor.controller.metrics;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.metrics.Measurement.VmFigures;
import dev.simvisor.controller.report.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measurements as comma-separated values (RFC 4180; no name has a comma or a quotation mark in it): a line of headers, then one
 * for each interval and host, or VM. Times are virtual; an interval is named by its end.
 */
public final class MetricsCsv {
    private MetricsCsv() {}

    /** A line for each interval and host. */
    public static List<String> hosts(List<Measurement> measurements) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "time_seconds,host,state,pcpus,up_seconds,utilization,busy_seconds,ready_seconds,"
                        + "vms_running,vms_paused,memory_reserved_bytes,memory_touched_bytes,memory_saved_bytes,link_sent_bytes,power_watts,energy_joules");
        for (Measurement measurement : measurements) {
            for (HostFigures host : measurement.hosts()) {
                lines.add(line(
                        Figures.exactSeconds(measurement.untilNanos()),
                        host.host(),
                        Figures.word(host.state(), "HOST_"),
                        host.pcpus(),
                        Figures.exactSeconds(host.upNanos()),
                        fraction(host.utilization()),
                        Figures.exactSeconds(host.busyNanos()),
                        Figures.exactSeconds(host.readyNanos()),
                        host.vmsRunning(),
                        host.vmsPaused(),
                        host.memoryReservedBytes(),
                        host.memoryTouchedBytes(),
                        host.memorySavedBytes(),
                        host.linkSentBytes(),
                        fraction(measurement.watts(host)),
                        fraction(host.energyJoules())));
            }
        }
        return lines;
    }

    /** A line for each interval, VM and host that it was on. */
    public static List<String> vms(List<Measurement> measurements) {
        List<String> lines = new ArrayList<>();
        lines.add("time_seconds,vm,host,busy_seconds,ready_seconds,instructions,memory_touched_bytes");
        for (Measurement measurement : measurements) {
            for (VmFigures vm : measurement.vms()) {
                lines.add(line(
                        Figures.exactSeconds(measurement.untilNanos()),
                        vm.vm(),
                        vm.host(),
                        Figures.exactSeconds(vm.busyNanos()),
                        Figures.exactSeconds(vm.readyNanos()),
                        vm.instructions(),
                        vm.memoryTouchedBytes()));
            }
        }
        return lines;
    }

    /** Nothing where it is not known. */
    private static String fraction(OptionalDouble value) {
        return value.isPresent() ? fraction(value.getAsDouble()) : "";
    }

    private static String line(Object... cells) {
        return Stream.of(cells).map(String::valueOf).collect(Collectors.joining(","));
    }

    private static String fraction(double value) {
        return String.format(Locale.ROOT, "%.6f", value);
    }
}
