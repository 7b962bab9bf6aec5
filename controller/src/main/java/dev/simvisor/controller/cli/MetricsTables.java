package dev.simvisor.controller.cli;

import dev.simvisor.controller.report.Figures;
import dev.simvisor.controller.report.Table;
import dev.simvisor.proto.api.HostMetrics;
import dev.simvisor.proto.api.MetricsSample;
import dev.simvisor.proto.api.VmMetrics;
import java.util.Locale;

/** A sample of metrics as tables for people. */
final class MetricsTables {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double MILLION = 1e6;

    private MetricsTables() {}

    /** A headline and a table each of hosts and VMs, with an empty line in the end. */
    static String page(MetricsSample sample) {
        String line = System.lineSeparator();
        String vms = sample.getVmsCount() == 0 ? "" : line + line + vms(sample);
        return headline(sample) + line + hosts(sample) + vms + line;
    }

    private static String headline(MetricsSample sample) {
        return "virtual time " + Figures.seconds(sample.getUntilNanos()) + ", of it the last "
                + Figures.seconds(intervalNanos(sample))
                + (sample.getSkipped() == 0 ? "" : "; " + sample.getSkipped() + " tables before were left out");
    }

    private static long intervalNanos(MetricsSample sample) {
        return sample.getUntilNanos() - sample.getFromNanos();
    }

    private static Table hosts(MetricsSample sample) {
        Table table = Table.of(
                "HOST",
                "STATE",
                ">CPU",
                ">READY",
                ">RUNNING",
                ">PAUSED",
                ">RESERVED",
                ">TOUCHED",
                ">SAVED",
                ">LINK",
                ">POWER");
        for (HostMetrics host : sample.getHostsList()) {
            table.row(
                    host.getHost(),
                    Figures.word(host.getState(), "HOST_"),
                    percent(host.getUtilization()),
                    percent(ofInterval(sample, host.getReadyNanos())),
                    host.getVmsRunning(),
                    host.getVmsPaused(),
                    Figures.mebibytes(host.getMemoryReservedBytes()),
                    Figures.mebibytes(host.getMemoryTouchedBytes()),
                    Figures.mebibytes(host.getMemorySavedBytes()),
                    Figures.size((long) (host.getLinkSentBytes() / seconds(sample))) + "/s",
                    host.hasPowerWatts() ? String.format(Locale.ROOT, "%.1f W", host.getPowerWatts()) : "");
        }
        return table;
    }

    private static Table vms(MetricsSample sample) {
        Table table = Table.of("VM", "HOST", ">CPU", ">READY", ">MIPS", ">TOUCHED");
        for (VmMetrics vm : sample.getVmsList()) {
            table.row(
                    vm.getVm(),
                    vm.getHost(),
                    percent(ofInterval(sample, vm.getBusyNanos())),
                    percent(ofInterval(sample, vm.getReadyNanos())),
                    String.format(Locale.ROOT, "%.2f", vm.getInstructions() / MILLION / seconds(sample)),
                    Figures.mebibytes(vm.getMemoryTouchedBytes()));
        }
        return table;
    }

    private static double ofInterval(MetricsSample sample, long nanos) {
        return (double) nanos / intervalNanos(sample);
    }

    private static double seconds(MetricsSample sample) {
        return intervalNanos(sample) / NANOS_PER_SECOND;
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * fraction);
    }
}
