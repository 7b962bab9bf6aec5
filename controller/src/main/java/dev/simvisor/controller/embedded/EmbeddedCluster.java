package dev.simvisor.controller.embedded;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Controller;
import dev.simvisor.controller.placement.Placement;
import dev.simvisor.node.host.Node;
import dev.simvisor.node.host.transfer.GrpcPageStreams;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.proto.api.HostSpec;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * A controller and its nodes in one JVM. The same actors, messages and page streams (gRPC on the loopback) as across JVMs; only
 * the actors' messages need no serialization.
 */
public final class EmbeddedCluster implements AutoCloseable {
    private record LocalNode(ActorRef<Node.Command> actor, GrpcPageStreams streams) {}

    private final ActorSystem<Void> system;
    private final ClusterControl control;
    private final Function<HostSpec, MachineFactory> machines;
    private final Map<String, LocalNode> nodes = new HashMap<>();

    private EmbeddedCluster(
            ActorSystem<Void> system, ClusterControl control, Function<HostSpec, MachineFactory> machines) {
        this.system = system;
        this.control = control;
        this.machines = machines;
    }

    /**
     * Starts a cluster without hosts.
     *
     * @param nodes names of the nodes
     * @param machines builds the machines of a host
     * @param maxWindowNanos windows are no longer, whatever the latency allows; 0 for no limit
     * @throws IOException when the loopback gives no port to listen on
     */
    public static EmbeddedCluster start(
            List<String> nodes, Placement placement, Function<HostSpec, MachineFactory> machines, long maxWindowNanos)
            throws IOException {
        Config config = ConfigFactory.parseMap(Map.of("pekko.actor.provider", "local"))
                .withFallback(ConfigFactory.parseResources("simvisor-cluster.conf"))
                .withFallback(ConfigFactory.load());
        ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "simvisor", config);
        ClusterControl control = Controller.in(system, placement, maxWindowNanos);
        EmbeddedCluster cluster = new EmbeddedCluster(system, control, machines);
        for (String name : nodes) {
            cluster.addNode(name);
        }
        return cluster;
    }

    /**
     * Adds a node.
     *
     * @throws IOException when the loopback gives no port to listen on
     */
    public synchronized void addNode(String name) throws IOException {
        GrpcPageStreams streams = new GrpcPageStreams("127.0.0.1");
        Node.Settings settings = new Node.Settings(name, streams.address(), streams, machines, own -> {}, ending -> {});
        nodes.put(
                name,
                new LocalNode(system.systemActorOf(Node.create(settings), "node-" + name, Props.empty()), streams));
    }

    /** Ends a node at once, in the middle of whatever it does, as the death of its process would. */
    public synchronized void killNode(String name) {
        LocalNode node = nodes.remove(name);
        if (node != null) {
            node.streams().close();
            Adapter.toClassic(system).stop(Adapter.toClassic(node.actor()));
        }
    }

    /**
     * Starts a cluster without hosts, whose hosts will run real machines.
     *
     * @throws IOException when the loopback gives no port to listen on
     */
    public static EmbeddedCluster start(List<String> nodes, Placement placement) throws IOException {
        return start(nodes, placement, HostedMachines::new, 0);
    }

    public ClusterControl control() {
        return control;
    }

    /** Ends everything; returns when it has ended. */
    @Override
    public synchronized void close() {
        control.close();
        system.terminate();
        nodes.values().forEach(node -> node.streams().close());
        system.getWhenTerminated().toCompletableFuture().join();
    }
}
