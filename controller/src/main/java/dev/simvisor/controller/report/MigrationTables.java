package dev.simvisor.controller.report;

import dev.simvisor.proto.api.CompressionReport;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.NamedDuration;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.api.RoundReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Migration reports as tables. Times are virtual. */
public final class MigrationTables {
    private MigrationTables() {}

    /** A row for each migration. What there is not, of one that was not handed over or goes on, is left out. */
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
                    report.getDowntimeCount() == 0 ? "" : Figures.millis(report.getDowntimeNanos()),
                    hasEnded(report) ? Figures.millis(report.getTotalNanos()) : "",
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
            compression(report).ifPresent(lines::add);
            postCopy(report).ifPresent(lines::add);
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

    /** A column of the rounds' table. */
    private record Column(String heading, Function<RoundReport, Object> cell) {}

    /** A row for each round of one migration; what it did not ask for has no column. */
    public static Table rounds(MigrationReport report) {
        List<Column> columns = new ArrayList<>(List.of(
                new Column(">ROUND", RoundReport::getNumber),
                new Column(">PAGES", RoundReport::getPages),
                new Column(">ZERO PAGES", RoundReport::getZeroPages),
                new Column(">SENT", round -> Figures.mebibytes(round.getBytes())),
                new Column(">DURATION", round -> Figures.millis(round.getDurationNanos())),
                new Column(">DIRTIED", RoundReport::getPagesDirtied),
                new Column(">LEFT", RoundReport::getPagesRemaining)));
        if (report.getParameters().getDeltaCacheBytes() != 0) {
            columns.add(new Column(">DELTAS", RoundReport::getDeltaPages));
            columns.add(new Column(">SAVED", round -> Figures.mebibytes(round.getDeltaSavedBytes())));
            columns.add(new Column(">MISSES", RoundReport::getDeltaCacheMisses));
        }
        if (report.hasCompression()) {
            columns.add(
                    new Column(">COMPRESSED", round -> round.getCompression().getPages()));
            columns.add(new Column(
                    ">RATIO", round -> Figures.ratio(round.getCompression().getRatio())));
            columns.add(new Column(">CODING", round -> Figures.millis(round.getCodingNanos())));
        }
        if (report.getParameters().getAutoConverge()) {
            columns.add(new Column(">THROTTLE", round -> round.getThrottlePercent() + " %"));
        }
        Table table = Table.of(columns.stream().map(Column::heading).toArray(String[]::new));
        for (RoundReport round : report.getRoundsList()) {
            table.row(columns.stream().map(column -> column.cell().apply(round)).toArray());
        }
        return table;
    }

    private static boolean hasEnded(MigrationReport report) {
        return switch (report.getState()) {
            case MIGRATION_COMPLETED, MIGRATION_CANCELLED, MIGRATION_FAILED -> true;
            default -> false;
        };
    }

    /** The downtime and its causes in one line, or why there was none; then what the migration came to, if that was no success. */
    public static String downtime(MigrationReport report) {
        if (report.getDowntimeCount() == 0) {
            return "not handed over: " + fate(report);
        }
        String causes =
                report.getDowntimeList().stream().map(MigrationTables::cause).collect(Collectors.joining(", "));
        String downtime = "downtime " + Figures.millis(report.getDowntimeNanos()) + " (" + causes + ")";
        return report.getState() == MigrationState.MIGRATION_COMPLETED ? downtime : downtime + ", then " + fate(report);
    }

    private static String fate(MigrationReport report) {
        String state = Figures.word(report.getState(), "MIGRATION_");
        boolean saysMore = !report.getReason().isEmpty() && !report.getReason().equals(state);
        return saysMore ? state + ", " + report.getReason() : state;
    }

    /** What compression came to, in one line, if it was asked for. */
    public static Optional<String> compression(MigrationReport report) {
        return report.hasCompression() ? Optional.of(compression(report.getCompression())) : Optional.empty();
    }

    private static String compression(CompressionReport report) {
        return "compressed %d pages, %s to %s, %s"
                .formatted(
                        report.getPages(),
                        Figures.mebibytes(report.getBytesBefore()),
                        Figures.mebibytes(report.getBytesAfter()),
                        Figures.ratio(report.getRatio()));
    }

    /** What followed after the hand-over of post-copy, in one line, if anything did. */
    public static Optional<String> postCopy(MigrationReport report) {
        if (!report.hasPostCopy()) {
            return Optional.empty();
        }
        boolean whole = report.getState() == MigrationState.MIGRATION_COMPLETED;
        return Optional.of(whole ? postCopy(report.getPostCopy()) : unfinished(report.getPostCopy()));
    }

    private static String postCopy(PostCopyReport report) {
        return "after it %d pages were missing for %s: %s; stalled %d times, %s in all, %s at most"
                .formatted(
                        report.getMissingPages(),
                        Figures.millis(report.getDurationNanos()),
                        followed(report),
                        report.getStalls(),
                        Figures.millis(report.getStallNanos()),
                        Figures.millis(report.getLongestStallNanos()));
    }

    /** Only the target knows of stalls, and it tells at the end. */
    private static String unfinished(PostCopyReport report) {
        return "after it %d pages were missing, of which %d came in %s: %s"
                .formatted(
                        report.getMissingPages(),
                        report.getPushedPages() + report.getDemandedPages(),
                        Figures.millis(report.getDurationNanos()),
                        followed(report));
    }

    private static String followed(PostCopyReport report) {
        return "%d pushed, %d fetched on demand, %d of both zeros, %s"
                .formatted(
                        report.getPushedPages(),
                        report.getDemandedPages(),
                        report.getZeroPages(),
                        Figures.mebibytes(report.getBytes()));
    }

    private static String cause(NamedDuration duration) {
        return duration.getName() + " " + Figures.millis(duration.getNanos());
    }
}
