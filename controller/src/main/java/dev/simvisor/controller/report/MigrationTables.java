package dev.simvisor.controller.report;

import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.NamedDuration;
import dev.simvisor.proto.api.RoundReport;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Migration reports as tables. Times are virtual. */
public final class MigrationTables {
    private MigrationTables() {}

    /** A row for each migration. */
    public static Table summary(List<MigrationReport> reports) {
        Table table = Table.of(
                ">NUMBER", "VM", "SOURCE", "TARGET", "STATE", ">ROUNDS", ">SENT", ">DOWNTIME", ">TOTAL", "HASHES");
        for (MigrationReport report : reports) {
            table.row(
                    report.getNumber(),
                    report.getVm(),
                    report.getSource(),
                    report.getTarget(),
                    Figures.word(report.getState(), "MIGRATION_"),
                    report.getRoundsCount(),
                    Figures.mebibytes(report.getTotalBytes()),
                    Figures.millis(report.getDowntimeNanos()),
                    Figures.millis(report.getTotalNanos()),
                    hashes(report));
        }
        return table;
    }

    /** A row for each migration, then the rounds of each. */
    public static List<String> lines(List<MigrationReport> reports) {
        List<String> lines = new ArrayList<>(summary(reports).lines());
        for (MigrationReport report : reports) {
            lines.add("");
            lines.add("Migration " + report.getNumber() + " of " + report.getVm() + ", " + report.getSource() + " to "
                    + report.getTarget() + ": " + downtime(report));
            lines.addAll(rounds(report).lines());
        }
        return lines;
    }

    private static String hashes(MigrationReport report) {
        if (report.getSourceStateHash().isEmpty() || report.getTargetStateHash().isEmpty()) {
            return "";
        }
        return report.getSourceStateHash().equals(report.getTargetStateHash()) ? "equal" : "DIFFERENT";
    }

    /** A row for each round of one migration. */
    public static Table rounds(MigrationReport report) {
        Table table = Table.of(">ROUND", ">PAGES", ">ZERO PAGES", ">SENT", ">DURATION", ">DIRTIED", ">LEFT");
        for (RoundReport round : report.getRoundsList()) {
            table.row(
                    round.getNumber(),
                    round.getPages(),
                    round.getZeroPages(),
                    Figures.mebibytes(round.getBytes()),
                    Figures.millis(round.getDurationNanos()),
                    round.getPagesDirtied(),
                    round.getPagesRemaining());
        }
        return table;
    }

    /** The downtime and its causes in one line. */
    public static String downtime(MigrationReport report) {
        String causes =
                report.getDowntimeList().stream().map(MigrationTables::cause).collect(Collectors.joining(", "));
        return "downtime " + Figures.millis(report.getDowntimeNanos()) + " (" + causes + ")";
    }

    private static String cause(NamedDuration duration) {
        return duration.getName() + " " + Figures.millis(duration.getNanos());
    }
}
