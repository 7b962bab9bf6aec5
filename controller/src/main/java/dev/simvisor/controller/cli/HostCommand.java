package dev.simvisor.controller.cli;

import dev.simvisor.controller.report.Figures;
import dev.simvisor.proto.api.DrainHostRequest;
import dev.simvisor.proto.api.DrainProgress;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostRequest;
import dev.simvisor.proto.api.ListHostsRequest;
import dev.simvisor.proto.api.ListHostsResponse;
import dev.simvisor.proto.api.MigrationReport;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code simvisor host}. */
@Command(
        name = "host",
        description = "Shows physical hosts, empties and kills them, and brings them up again.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            HostCommand.ListAll.class,
            HostCommand.Show.class,
            HostCommand.Drain.class,
            HostCommand.Fail.class,
            HostCommand.Recover.class
        })
final class HostCommand {
    /** {@code simvisor host list}. */
    @Command(name = "list", description = "Lists all hosts.")
    static final class ListAll extends ClientCommand {
        @Override
        void run(ApiClient api) throws Exception {
            ListHostsResponse answer = api.hosts().list(ListHostsRequest.getDefaultInstance());
            show(answer, () -> ApiTables.hosts(answer.getHostsList()));
        }
    }

    /** A verb about one host. */
    abstract static class OfOne extends ClientCommand {
        @Parameters(paramLabel = "HOST", description = "The host's name.")
        private String host = "";

        final String name() {
            return host;
        }

        final HostRequest request() {
            return HostRequest.newBuilder().setHost(host).build();
        }

        final void show(Host answer) throws Exception {
            show(answer, () -> ApiTables.hosts(List.of(answer)));
        }
    }

    /** {@code simvisor host show}. */
    @Command(name = "show", description = "Shows one host.")
    static final class Show extends OfOne {
        @Override
        void run(ApiClient api) throws Exception {
            show(api.hosts().get(request()));
        }
    }

    /** {@code simvisor host drain}. */
    @Command(
            name = "drain",
            description = "Migrates all VMs of a host away, one after the other; it takes none from then on.")
    static final class Drain extends OfOne {
        @Mixin
        private MigrationOptions migration = new MigrationOptions();

        @Override
        void run(ApiClient api) throws Exception {
            Iterator<DrainProgress> drain = api.hosts()
                    .drain(DrainHostRequest.newBuilder()
                            .setHost(name())
                            .setParameters(migration.parameters())
                            .build());
            while (drain.hasNext()) {
                DrainProgress progress = drain.next();
                showLine(progress, () -> line(progress));
            }
            show(api.hosts().get(request()));
        }

        private static String line(DrainProgress progress) {
            MigrationReport report = progress.getFinished();
            return "VM " + report.getVm() + " to " + report.getTarget() + ": "
                    + Figures.word(report.getState(), "MIGRATION_") + ", downtime "
                    + Figures.millis(report.getDowntimeNanos()) + "; " + progress.getVmsLeft() + " left";
        }
    }

    /** {@code simvisor host fail}. */
    @Command(name = "fail", description = "Kills a host, as a power cut would, and the VMs on it.")
    static final class Fail extends OfOne {
        @Override
        void run(ApiClient api) throws Exception {
            show(api.hosts().fail(request()));
        }
    }

    /** {@code simvisor host recover}. */
    @Command(
            name = "recover",
            description =
                    "Brings a failed host up again, empty, once its node is there; lets a drained one take VMs again.")
    static final class Recover extends OfOne {
        @Override
        void run(ApiClient api) throws Exception {
            show(api.hosts().recover(request()));
        }
    }
}
