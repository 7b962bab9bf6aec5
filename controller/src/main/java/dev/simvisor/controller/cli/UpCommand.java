package dev.simvisor.controller.cli;

import dev.simvisor.config.Topology;
import dev.simvisor.controller.api.ApiServer;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Controller;
import dev.simvisor.controller.cluster.Replay;
import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.controller.web.WebServer;
import dev.simvisor.proto.api.HostSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code simvisor up}. */
@Command(
        name = "up",
        description = "Starts a cluster and serves it until Ctrl-C.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "The hosts run in this process, unless the configuration names nodes for them: then it shows how to start"
                    + " those, and waits for them."
        })
final class UpCommand implements Callable<Integer> {
    private static final int LEAVE_SECONDS = 10;

    @Spec
    private @Nullable CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Origin origin = new Origin();

    /** Where the hosts come from. */
    static final class Origin {
        @Option(names = "--config", paramLabel = "FILE", description = "The topology; see cluster-config/topologies/.")
        private @Nullable Path config;

        @Option(
                names = "--replay",
                paramLabel = "FILE",
                description =
                        "Repeats the run of a --journal, with its hosts, its placement and its commands at their virtual"
                                + " times, and goes on from there.")
        private @Nullable Path replay;
    }

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "" + ApiServer.DEFAULT_PORT,
            description = "Where to serve; 0 for any free port. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--address",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "The interface to serve and to take nodes on. Default: ${DEFAULT-VALUE}, this machine alone.")
    private String address = "127.0.0.1";

    @Option(
            names = "--pace",
            paramLabel = "RATE",
            defaultValue = "1",
            description = "Virtual seconds per second of the wall at most; 0 for as fast as it goes."
                    + " Default: ${DEFAULT-VALUE}.")
    private double pace;

    @Option(
            names = "--placement",
            paramLabel = "POLICY",
            description = "first-fit, best-fit or worst-fit, for VMs that name no host. Default: first-fit.")
    private @Nullable FitPlacement placement;

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description = "Gets every command with the virtual time at which it takes effect, for --replay.")
    private @Nullable Path journal;

    @Option(
            names = "--web",
            paramLabel = "PORT",
            description = "Also serves a web page that shows the cluster, and takes commands; 0 for any free port.")
    private @Nullable Integer webPort;

    @Option(
            names = "--web-address",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "The interface to serve the page on. Whoever reaches it can use the cluster."
                    + " Default: ${DEFAULT-VALUE}, this machine alone.")
    private String webAddress = "127.0.0.1";

    /** A cluster to be: where its hosts come from, as the user named it, what they are, and how it comes to have them. */
    private record Plan(
            Path origin,
            FitPlacement placement,
            List<HostSpec> hosts,
            Function<ClusterControl, CompletableFuture<?>> into) {}

    /** Completes when somebody wants the cluster to end. */
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    /** Completes when all has been cleared away. */
    private final CompletableFuture<Void> gone = new CompletableFuture<>();

    @Override
    public Integer call() throws Exception {
        checkPort("--port", port);
        if (webPort != null) {
            checkPort("--web", webPort);
        }
        if (!(pace >= 0) || Double.isInfinite(pace)) {
            throw new CommandFailed("--pace " + pace + ": expected virtual seconds per second, or 0");
        }
        Plan plan = plan();
        Runtime.getRuntime().addShutdownHook(new Thread(this::interrupted, "end of the cluster"));
        try {
            boolean namesNodes =
                    plan.hosts().stream().anyMatch(host -> !host.getNode().isEmpty());
            return namesNodes ? withNodes(plan) : inThisProcess(plan);
        } finally {
            gone.complete(null);
        }
    }

    private Plan plan() throws IOException, CommandFailed {
        return origin.replay == null ? configured(Objects.requireNonNull(origin.config)) : replayed(origin.replay);
    }

    private Plan configured(Path config) throws IOException {
        List<HostSpec> hosts =
                Topology.load(config).hosts().stream().map(Specs::host).toList();
        return new Plan(
                config,
                Objects.requireNonNullElse(placement, FitPlacement.FIRST_FIT),
                hosts,
                cluster -> CompletableFuture.allOf(
                        hosts.stream().map(cluster::defineHost).toArray(CompletableFuture[]::new)));
    }

    private Plan replayed(Path journal) throws IOException, CommandFailed {
        Replay replay = Replay.read(journal);
        if (placement != null && placement != replay.placement()) {
            throw new CommandFailed("--placement " + placement.label() + ": the run of " + journal + " had "
                    + replay.placement().label() + "; leave the option out");
        }
        say(String.format(
                Locale.ROOT,
                "replaying %d commands, the last at %.3f s",
                replay.commands().size(),
                replay.endNanos() / 1e9));
        return new Plan(journal, replay.placement(), replay.hosts(), cluster -> into(cluster, replay));
    }

    private CompletableFuture<?> into(ClusterControl cluster, Replay replay) {
        return replay.into(cluster, refusal -> say("refused in the replay: " + refusal))
                .thenRun(() ->
                        cluster.at(replay.endNanos()).reached().thenRun(() -> say("replayed; goes on from here")));
    }

    private static void checkPort(String option, int port) throws CommandFailed {
        if (port < 0 || port > PortNumber.MOST) {
            throw new CommandFailed(option + " " + port + ": expected a port from 0 to " + PortNumber.MOST);
        }
    }

    /** Ctrl-C: the process ends once this returns. */
    private void interrupted() {
        end.complete(null);
        await(gone);
    }

    private static void await(CompletableFuture<?> future) {
        try {
            future.get(LEAVE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException late) {
            // The process ends all the same.
        }
    }

    private int inThisProcess(Plan plan) throws Exception {
        try (EmbeddedCluster cluster = EmbeddedCluster.start(List.of("local"), plan.placement())) {
            return serve(cluster.control(), plan);
        }
    }

    private int withNodes(Plan plan) throws Exception {
        Controller controller = Controller.start(address, 0, plan.placement(), 0);
        try {
            plan.hosts().stream()
                    .map(HostSpec::getNode)
                    .filter(node -> !node.isEmpty())
                    .distinct()
                    .sorted()
                    .forEach(node -> say("waiting for node " + node + ": simvisor node --join " + controller.address()
                            + " --name " + node));
            return serve(controller.control(), plan);
        } finally {
            controller.close();
            await(controller.whenEnded().toCompletableFuture());
        }
    }

    private int serve(ClusterControl cluster, Plan plan) throws Exception {
        try (ApiServer server = server(cluster);
                WebServer web = webPort == null ? null : webServer(cluster, webPort)) {
            if (journal != null && !keepsJournal(cluster, plan, journal)) {
                return ExitCode.OK;
            }
            if (isUp(plan, plan.into().apply(cluster))) {
                cluster.pace(pace);
                if (isUp(plan, cluster.start())) {
                    if (web != null) {
                        say("web page at " + web.url());
                    }
                    say("serving " + plan.hosts().size() + " hosts on " + server.address());
                    end.get();
                }
            }
            return ExitCode.OK;
        }
    }

    private boolean keepsJournal(ClusterControl cluster, Plan plan, Path file) throws Exception {
        try {
            return isUp(plan, cluster.journalTo(file));
        } catch (IOException failed) {
            throw new CommandFailed("--journal " + Failures.describe(failed));
        }
    }

    /** Waits until something is up; false when the cluster is to end before. */
    private boolean isUp(Plan plan, CompletableFuture<?> up) throws InterruptedException, IOException, CommandFailed {
        try {
            CompletableFuture.anyOf(up, end).get();
            return !end.isDone();
        } catch (ExecutionException failed) {
            Throwable cause = Objects.requireNonNullElse(failed.getCause(), failed);
            if (cause instanceof IOException io) {
                throw io;
            }
            throw new CommandFailed(plan.origin() + ": " + cause.getMessage());
        }
    }

    private ApiServer server(ClusterControl cluster) throws CommandFailed {
        try {
            return ApiServer.start(cluster, address, port, () -> end.complete(null));
        } catch (IOException failed) {
            throw new CommandFailed("cannot serve on " + address + ":" + port + ": " + reason(failed)
                    + "; give another --port, 0 for any free one, or another --address");
        }
    }

    private WebServer webServer(ClusterControl cluster, int port) throws CommandFailed {
        try {
            return WebServer.start(cluster, webAddress, port);
        } catch (IOException failed) {
            throw new CommandFailed("cannot serve the web page on " + webAddress + ":" + port + ": " + reason(failed)
                    + "; give another --web, 0 for any free one, or another --web-address");
        }
    }

    /** Netty wraps what the operating system said, and puts the name of the call and an error number before it. */
    private static String reason(IOException failed) {
        Throwable cause = failed.getCause();
        String message = String.valueOf((cause == null ? failed : cause).getMessage());
        return message.substring(message.lastIndexOf(": ") + 1).strip();
    }

    private void say(String line) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(line);
        out.flush();
    }
}
