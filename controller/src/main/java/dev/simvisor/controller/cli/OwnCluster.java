package dev.simvisor.controller.cli;

import dev.simvisor.config.Topology;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Controller;
import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.Placement;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A cluster for one command alone: in this JVM, or with its nodes in processes that end with it. */
final class OwnCluster implements AutoCloseable {
    private static final int JOIN_SECONDS = 60;
    private static final int LEAVE_SECONDS = 10;
    private static final int POLL_MILLIS = 50;

    private final ClusterControl control;
    private final Runnable end;
    private final List<Process> processes;

    private OwnCluster(ClusterControl control, Runnable end, List<Process> processes) {
        this.control = control;
        this.end = end;
        this.processes = processes;
    }

    /**
     * Starts a cluster without hosts.
     *
     * @param processes that carry the nodes; 0 for none but this one
     */
    static OwnCluster start(Topology topology, int processes, Placement placement)
            throws IOException, InterruptedException, CommandFailed {
        List<String> names = nodeNames(topology);
        if (processes == 0) {
            EmbeddedCluster cluster = EmbeddedCluster.start(names.isEmpty() ? List.of("node") : names, placement);
            return new OwnCluster(cluster.control(), cluster::close, List.of());
        }
        if (names.size() > processes) {
            throw new CommandFailed("--nodes " + processes + ": the topology names " + names.size() + " nodes");
        }
        return withProcesses(names, processes, placement);
    }

    private static List<String> nodeNames(Topology topology) {
        TreeSet<String> names = new TreeSet<>();
        topology.hosts().stream()
                .map(Topology.Host::node)
                .flatMap(Optional::stream)
                .forEach(names::add);
        return List.copyOf(names);
    }

    private static OwnCluster withProcesses(List<String> names, int processes, Placement placement)
            throws IOException, InterruptedException, CommandFailed {
        Controller controller = Controller.start("127.0.0.1", 0, placement, 0);
        OwnCluster cluster = new OwnCluster(controller.control(), controller::close, new ArrayList<>());
        try {
            for (int i = 0; i < processes; i++) {
                String name = i < names.size() ? names.get(i) : "node-" + (i + 1);
                cluster.processes.add(nodeProcess(controller.address(), name));
            }
            cluster.awaitNodes(processes);
            return cluster;
        } catch (IOException | InterruptedException | CommandFailed failed) {
            cluster.close();
            throw failed;
        }
    }

    /** Another JVM like this one, with the same options. */
    private static Process nodeProcess(String join, String name) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of(
                "-classpath",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "node",
                "--join",
                join,
                "--name",
                name));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private void awaitNodes(int expected) throws InterruptedException, CommandFailed {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(JOIN_SECONDS);
        while (joined() < expected) {
            if (processes.stream().anyMatch(process -> !process.isAlive())) {
                throw new CommandFailed("a node's process ended before it had joined");
            }
            if (System.nanoTime() > deadline) {
                throw new CommandFailed("the nodes' processes did not join within " + JOIN_SECONDS + " s");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private int joined() throws InterruptedException {
        try {
            return control.nodes().get(POLL_MILLIS, TimeUnit.MILLISECONDS).size();
        } catch (ExecutionException | TimeoutException notYet) {
            return 0;
        }
    }

    ClusterControl control() {
        return control;
    }

    @Override
    public void close() throws InterruptedException {
        end.run();
        for (Process process : processes) {
            if (!process.waitFor(LEAVE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        }
    }
}
