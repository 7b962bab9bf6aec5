package dev.simvisor.controller.cli;

import dev.simvisor.controller.progress.Progress;
import dev.simvisor.controller.progress.TerminalProgress;
import dev.simvisor.controller.report.Figures;
import dev.simvisor.controller.report.MigrationTables;
import dev.simvisor.controller.report.Table;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationRequest;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.RoundReport;
import dev.simvisor.proto.api.Vm;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code simvisor vm migrate}. */
@Command(
        name = "migrate",
        description = "Moves a running VM to another host, waits for it and shows the report; times are virtual."
                + " Ctrl-C ends the waiting, not the migration; simvisor vm cancel-migration ends that.")
final class VmMigrateCommand extends VmCommand.OfOne {
    private static final int PAGE_BYTES = 4096;

    @Option(names = "--to", paramLabel = "HOST", defaultValue = "", description = "Default: the placement's choice.")
    private String target = "";

    @Mixin
    private MigrationOptions migration = new MigrationOptions();

    @Override
    void run(ApiClient api) throws IOException, CommandFailed {
        MigrationReport accepted = api.migrations()
                .start(MigrateRequest.newBuilder()
                        .setVm(name())
                        .setTarget(target)
                        .setParameters(migration.parameters())
                        .build());
        MigrationReport report = followed(api, accepted);
        if (report.getState() != MigrationState.MIGRATION_COMPLETED) {
            String word = Figures.word(report.getState(), "MIGRATION_");
            String why = report.getReason().equals(word) ? "" : ": " + report.getReason();
            throw new CommandFailed("migration " + report.getNumber() + " of VM " + name() + " to " + report.getTarget()
                    + " " + word + why);
        }
        show(report, () -> MigrationTables.summary(List.of(report)));
        showDetails(report);
    }

    private MigrationReport followed(ApiClient api, MigrationReport accepted) {
        Vm vm = api.vms().get(request());
        long memoryBytes = vm.getSpec().getMemoryBytes();
        String task = name() + " to " + accepted.getTarget();
        MigrationReport last = accepted;
        try (Progress.Step bar =
                TerminalProgress.ofStandardError().begin(task, OptionalLong.of(memoryBytes), Progress.Unit.BYTES)) {
            Iterator<MigrationReport> reports = api.migrations()
                    .watch(MigrationRequest.newBuilder()
                            .setNumber(accepted.getNumber())
                            .build());
            while (reports.hasNext()) {
                last = reports.next();
                bar.at(memoryBytes - remainingBytes(last, memoryBytes));
            }
        }
        return last;
    }

    /** What of the VM's memory the target does not have yet. */
    private static long remainingBytes(MigrationReport report, long memoryBytes) {
        if (report.getState() == MigrationState.MIGRATION_COMPLETED) {
            return 0;
        }
        List<RoundReport> rounds = report.getRoundsList();
        return rounds.isEmpty() ? memoryBytes : rounds.getLast().getPagesRemaining() * PAGE_BYTES;
    }

    private void showDetails(MigrationReport report) {
        if (isTable()) {
            Table rounds = MigrationTables.rounds(report);
            out().println();
            out().println(rounds);
            out().println(MigrationTables.downtime(report));
            MigrationTables.compression(report).ifPresent(out()::println);
            MigrationTables.postCopy(report).ifPresent(out()::println);
            out().flush();
        }
    }
}
