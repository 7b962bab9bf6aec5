package dev.simvisor.controller.cli;

import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.StatusRequest;
import dev.simvisor.proto.api.WatchRequest;
import java.util.Iterator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code simvisor cluster}. */
@Command(
        name = "cluster",
        description = "Shows a running cluster as a whole.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ClusterCommand.Status.class, ClusterCommand.Watch.class, ClusterTopCommand.class})
final class ClusterCommand {
    /** {@code simvisor cluster status}. */
    @Command(name = "status", description = "Shows the cluster's clock and totals.")
    static final class Status extends ClientCommand {
        @Override
        void run(ApiClient api) throws Exception {
            ClusterStatus status = api.cluster().status(StatusRequest.getDefaultInstance());
            show(status, () -> ApiTables.status(status));
        }
    }

    /** {@code simvisor cluster watch}. */
    @Command(
            name = "watch",
            description = "Shows what happens, a line each with its number and virtual time, until Ctrl-C.")
    static final class Watch extends ClientCommand {
        @Option(
                names = "--from",
                paramLabel = "N",
                defaultValue = "0",
                description = "Begins with event N, 1 being the first. Default: only what is to come.")
        private long from;

        @Option(names = "--count", paramLabel = "N", description = "Ends after N events.")
        private long count = Long.MAX_VALUE;

        @Override
        void run(ApiClient api) throws Exception {
            if (from < 0) {
                throw new CommandFailed("--from " + from + ": expected 1 or more, or 0 for what is to come");
            }
            if (count < 1) {
                throw new CommandFailed("--count " + count + ": expected at least 1");
            }
            Iterator<Event> events = api.cluster()
                    .watch(WatchRequest.newBuilder().setFromNumber(from).build());
            for (long shown = 0; shown < count && isShown() && events.hasNext(); shown++) {
                Event event = events.next();
                showLine(event, () -> ApiTables.event(event));
            }
        }
    }
}
