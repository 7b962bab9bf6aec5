package dev.simvisor.controller.experiment;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import dev.simvisor.controller.metrics.Totals;
import dev.simvisor.controller.metrics.Totals.Total;
import dev.simvisor.controller.report.Figures;
import dev.simvisor.controller.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a run comes to, in few figures: what one compares when a scenario is run in another way. */
public final class Summary {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double PERCENT = 100;
    /** Of fractions and of joules in JSON. */
    private static final double PRECISION = 1e6;

    private final Outcome outcome;

    private Summary(Outcome outcome) {
        this.outcome = outcome;
    }

    /** Of an outcome that {@linkplain #isOf has something} to sum up. */
    public static Summary of(Outcome outcome) {
        return new Summary(outcome);
    }

    /** Whether there is anything to sum up. */
    public static boolean isOf(Outcome outcome) {
        return !outcome.measurements().isEmpty() || !outcome.processes().isEmpty();
    }

    /** As tables. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (!outcome.processes().isEmpty()) {
            lines.addAll(arrivals().lines());
        }
        if (!outcome.measurements().isEmpty()) {
            if (!lines.isEmpty()) {
                lines.add("");
            }
            lines.addAll(hosts().lines());
        }
        return lines;
    }

    private Table arrivals() {
        Table table = Table.of("ARRIVALS", ">CAME", ">PLACED", ">REFUSED", ">WAITING", ">MEAN WAIT", ">LONGEST WAIT");
        ArrivalTotal.byProcess(outcome).forEach((process, total) -> row(table, process, total));
        row(table, "all", ArrivalTotal.of(outcome.arrivals()));
        return table;
    }

    private static void row(Table table, String process, ArrivalTotal total) {
        table.row(
                process,
                total.came(),
                total.placed(),
                total.refused(),
                total.waiting(),
                Figures.millis(total.meanWaitNanos()),
                Figures.millis(total.longestWaitNanos()));
    }

    private Table hosts() {
        Table table = Table.of("HOST", ">UP", ">UTILIZATION", ">BUSY", ">READY", ">SENT", ">ENERGY");
        Totals.byHost(outcome.measurements()).forEach((host, total) -> row(table, host, total));
        row(table, "all", Totals.ofAll(outcome.measurements()));
        return table;
    }

    private static void row(Table table, String host, Total total) {
        table.row(
                host,
                Figures.seconds(total.upNanos()),
                String.format(Locale.ROOT, "%.1f %%", PERCENT * total.utilization()),
                Figures.seconds(total.busyNanos()),
                Figures.seconds(total.readyNanos()),
                Figures.size(total.linkSentBytes()),
                total.energyJoules().isPresent()
                        ? String.format(
                                Locale.ROOT, "%.1f J", total.energyJoules().getAsDouble())
                        : "");
    }

    /** As JSON. */
    public String toJson() {
        Map<String, Object> fields = new TreeMap<>();
        fields.put("virtualSeconds", seconds(outcome.virtualNanos()));
        if (!outcome.processes().isEmpty()) {
            Map<String, Object> processes = new TreeMap<>();
            ArrivalTotal.byProcess(outcome).forEach((process, total) -> processes.put(process, fields(total)));
            fields.put("arrivals", processes);
            fields.put("allArrivals", fields(ArrivalTotal.of(outcome.arrivals())));
        }
        if (!outcome.measurements().isEmpty()) {
            Map<String, Object> hosts = new TreeMap<>();
            Totals.byHost(outcome.measurements()).forEach((host, total) -> hosts.put(host, fields(total)));
            fields.put("hosts", hosts);
            fields.put("allHosts", fields(Totals.ofAll(outcome.measurements())));
        }
        return ConfigValueFactory.fromMap(fields)
                .render(ConfigRenderOptions.concise().setFormatted(true));
    }

    private static Map<String, Object> fields(Total total) {
        Map<String, Object> fields = new TreeMap<>();
        fields.put("upSeconds", seconds(total.upNanos()));
        fields.put("utilization", rounded(total.utilization()));
        fields.put("busySeconds", seconds(total.busyNanos()));
        fields.put("readySeconds", seconds(total.readyNanos()));
        fields.put("linkSentBytes", total.linkSentBytes());
        total.energyJoules().ifPresent(joules -> fields.put("energyJoules", rounded(joules)));
        return fields;
    }

    private static Map<String, Object> fields(ArrivalTotal total) {
        Map<String, Object> fields = new TreeMap<>();
        fields.put("came", total.came());
        fields.put("placed", total.placed());
        fields.put("refused", total.refused());
        fields.put("waiting", total.waiting());
        fields.put("meanWaitSeconds", seconds(total.meanWaitNanos()));
        fields.put("longestWaitSeconds", seconds(total.longestWaitNanos()));
        return fields;
    }

    private static double seconds(long nanos) {
        return nanos / NANOS_PER_SECOND;
    }

    private static double rounded(double value) {
        return Math.round(value * PRECISION) / PRECISION;
    }
}
