package dev.simvisor.controller.cli;

import dev.simvisor.config.Topology;
import dev.simvisor.controller.api.ApiServer;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Controller;
import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.controller.web.WebServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
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

    @Option(
            names = "--config",
            paramLabel = "FILE",
            required = true,
            description = "The topology; see cluster-config/topologies/.")
    private Path config = Path.of("");

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
            defaultValue = "first-fit",
            description = "first-fit, best-fit or worst-fit, for VMs that name no host. Default: ${DEFAULT-VALUE}.")
    private FitPlacement placement = FitPlacement.FIRST_FIT;

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description = "Gets every command with the virtual time at which it takes effect.")
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
        Topology topology = Topology.load(config);
        Runtime.getRuntime().addShutdownHook(new Thread(this::interrupted, "end of the cluster"));
        try {
            boolean namesNodes =
                    topology.hosts().stream().anyMatch(host -> host.node().isPresent());
            return namesNodes ? withNodes(topology) : inThisProcess(topology);
        } finally {
            gone.complete(null);
        }
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

    private int inThisProcess(Topology topology) throws Exception {
        try (EmbeddedCluster cluster = EmbeddedCluster.start(List.of("local"), placement)) {
            return serve(cluster.control(), topology);
        }
    }

    private int withNodes(Topology topology) throws Exception {
        Controller controller = Controller.start(address, 0, placement, 0);
        try {
            topology.hosts().stream()
                    .map(Topology.Host::node)
                    .flatMap(Optional::stream)
                    .distinct()
                    .sorted()
                    .forEach(node -> say("waiting for node " + node + ": simvisor node --join " + controller.address()
                            + " --name " + node));
            return serve(controller.control(), topology);
        } finally {
            controller.close();
            await(controller.whenEnded().toCompletableFuture());
        }
    }

    private int serve(ClusterControl cluster, Topology topology) throws Exception {
        try (ApiServer server = server(cluster);
                WebServer web = webPort == null ? null : webServer(cluster, webPort)) {
            if (journal != null && !keepsJournal(cluster, journal)) {
                return ExitCode.OK;
            }
            CompletableFuture<?> hosts = CompletableFuture.allOf(topology.hosts().stream()
                    .map(Specs::host)
                    .map(cluster::defineHost)
                    .toArray(CompletableFuture[]::new));
            if (isUp(hosts)) {
                cluster.pace(pace);
                CompletableFuture<Void> started = cluster.start();
                if (isUp(started)) {
                    if (web != null) {
                        say("web page at " + web.url());
                    }
                    say("serving " + topology.hosts().size() + " hosts on " + server.address());
                    end.get();
                }
            }
            return ExitCode.OK;
        }
    }

    private boolean keepsJournal(ClusterControl cluster, Path file) throws Exception {
        try {
            return isUp(cluster.journalTo(file));
        } catch (IOException failed) {
            throw new CommandFailed("--journal " + Failures.describe(failed));
        }
    }

    /** Waits until something is up; false when the cluster is to end before. */
    private boolean isUp(CompletableFuture<?> up) throws InterruptedException, IOException, CommandFailed {
        try {
            CompletableFuture.anyOf(up, end).get();
            return !end.isDone();
        } catch (ExecutionException failed) {
            Throwable cause = Objects.requireNonNullElse(failed.getCause(), failed);
            if (cause instanceof IOException io) {
                throw io;
            }
            throw new CommandFailed(config + ": " + cause.getMessage());
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
