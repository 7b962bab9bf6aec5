package dev.simvisor.controller.experiment;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import dev.simvisor.controller.experiment.Outcome.FinalVm;
import dev.simvisor.controller.metrics.MemoryChart;
import dev.simvisor.controller.metrics.MetricsCsv;
import dev.simvisor.controller.metrics.UtilizationChart;
import dev.simvisor.controller.report.MigrationChart;
import dev.simvisor.controller.report.MigrationTables;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.RoundReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folder that an experiment leaves.
 *
 * <pre>
 * consoles/VM       all that the VM said
 * events.jsonl      what happened, an Event in a line
 * migrations.json   the reports, in virtual figures
 * migrations.txt    the same as tables
 * migrations.png    how they converged, as a chart, where there were any
 * vms.json          state, host and stateHash of every VM at the end
 * metrics.csv       where metrics were asked for: hosts, interval by interval
 * vm-metrics.csv    the same of VMs
 * hosts.png         how busy hosts were, as a chart
 * memory.png        how much memory VMs had written, and what that took, as a chart
 * arrivals.csv      where VMs come by themselves: what became of each
 * summary.json      what that comes to
 * summary.txt       the same as tables
 * wall-clock.json   what the wall's clock measured: the only file that differs from run to run
 * </pre>
 *
 * It appears when it is whole.
 */
public final class ResultFolder {
    private static final JsonFormat.Printer PRETTY = JsonFormat.printer();
    private static final JsonFormat.Printer ONE_LINE = PRETTY.omittingInsignificantWhitespace();

    private final Path folder;

    private ResultFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * The folder to be.
     *
     * @throws ExperimentFailed when there is something of that name already, or it could not be made: said before an experiment
     *     that may take long
     */
    public static ResultFolder at(Path folder) throws ExperimentFailed {
        if (Files.exists(folder)) {
            throw new ExperimentFailed(folder + " exists already: give --out a new folder, or remove this one");
        }
        Path parent = folder.toAbsolutePath().getParent();
        while (parent != null && Files.notExists(parent)) {
            parent = parent.getParent();
        }
        if (parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent)) {
            throw new ExperimentFailed(
                    folder + " cannot be written: expected a new folder where this user may make one");
        }
        return new ResultFolder(folder.toAbsolutePath());
    }

    /** Writes all there is. */
    public void write(Outcome outcome) throws IOException {
        write(target -> writeTo(target, outcome));
    }

    /** Writes files of other kinds of experiments, by name. */
    public void write(SortedMap<String, byte[]> files) throws IOException {
        write(target -> {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(target.resolve(file.getKey()), file.getValue());
            }
        });
    }

    private interface Filling {
        void fill(Path target) throws IOException;
    }

    private void write(Filling filling) throws IOException {
        Path parent = Files.createDirectories(folder.resolveSibling("."));
        // Not a temporary directory of the JDK's, which nobody else may read.
        Path unfinished = Files.createDirectory(parent.resolve(
                "." + folder.getFileName() + "-" + ProcessHandle.current().pid()));
        try {
            filling.fill(unfinished);
            Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            deleteIfThere(unfinished);
        }
    }

    private static void writeTo(Path target, Outcome outcome) throws IOException {
        Path consoles = Files.createDirectory(target.resolve("consoles"));
        for (Map.Entry<String, ByteString> console : outcome.consoles().entrySet()) {
            Files.write(consoles.resolve(console.getKey()), console.getValue().toByteArray());
        }
        List<String> lines = new ArrayList<>();
        for (Event event : outcome.events()) {
            lines.add(ONE_LINE.print(event));
        }
        Files.write(target.resolve("events.jsonl"), lines);
        Files.writeString(
                target.resolve("migrations.json"),
                outcome.migrations().stream()
                        .map(WallClock::removedFrom)
                        .map(ResultFolder::pretty)
                        .collect(Collectors.joining(",\n", "[", "]\n")));
        Files.write(target.resolve("migrations.txt"), MigrationTables.lines(outcome.migrations()));
        if (MigrationChart.hasLines(outcome.migrations())) {
            Files.write(target.resolve("migrations.png"), MigrationChart.png(outcome.migrations()));
        }
        Files.writeString(target.resolve("vms.json"), json(vms(outcome)));
        if (!outcome.measurements().isEmpty()) {
            Files.write(target.resolve("metrics.csv"), MetricsCsv.hosts(outcome.measurements()));
            Files.write(target.resolve("vm-metrics.csv"), MetricsCsv.vms(outcome.measurements()));
            Files.write(target.resolve("hosts.png"), UtilizationChart.png(outcome.measurements()));
            Files.write(target.resolve("memory.png"), MemoryChart.png(outcome.measurements()));
        }
        if (!outcome.arrivals().isEmpty()) {
            Files.write(target.resolve("arrivals.csv"), ArrivalsCsv.lines(outcome.arrivals(), outcome.vms()));
        }
        if (Summary.isOf(outcome)) {
            Files.writeString(
                    target.resolve("summary.json"), Summary.of(outcome).toJson());
            Files.write(target.resolve("summary.txt"), Summary.of(outcome).lines());
        }
        Files.writeString(target.resolve("wall-clock.json"), json(wallClock(outcome)));
    }

    private static String pretty(MessageOrBuilder message) {
        try {
            return PRETTY.print(message);
        } catch (InvalidProtocolBufferException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String json(Map<String, ?> fields) {
        return ConfigValueFactory.fromMap(fields)
                .render(ConfigRenderOptions.concise().setFormatted(true));
    }

    private static Map<String, Object> vms(Outcome outcome) {
        Map<String, Object> vms = new TreeMap<>();
        for (FinalVm last : outcome.vms().values()) {
            Map<String, Object> fields = new TreeMap<>();
            fields.put("state", last.vm().getState().name());
            fields.put("host", last.vm().getHost());
            fields.put("epoch", last.vm().getEpoch());
            fields.put("reason", last.vm().getReason());
            fields.put("stateHash", last.stateHash().orElse(""));
            vms.put(last.vm().getSpec().getName(), fields);
        }
        return vms;
    }

    private static Map<String, Object> wallClock(Outcome outcome) {
        List<Map<String, Object>> migrations = new ArrayList<>();
        for (MigrationReport report : outcome.migrations()) {
            migrations.add(Map.of(
                    "number", report.getNumber(),
                    "totalNanos", report.getWall().getTotalNanos(),
                    "downtimeNanos", report.getWall().getDowntimeNanos(),
                    "roundNanos",
                            report.getRoundsList().stream()
                                    .map(RoundReport::getWallNanos)
                                    .toList()));
        }
        return Map.of(
                "virtualNanos", outcome.virtualNanos(), "wallNanos", outcome.wallNanos(), "migrations", migrations);
    }

    private static void deleteIfThere(Path tree) throws IOException {
        if (Files.notExists(tree)) {
            return;
        }
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
