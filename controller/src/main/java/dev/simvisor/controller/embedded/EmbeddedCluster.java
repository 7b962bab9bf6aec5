package dev.simvisor.controller.embedded;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Controller;
import dev.simvisor.controller.placement.Placement;
import dev.simvisor.node.host.Node;
import dev.simvisor.node.host.transfer.GrpcPageStreams;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.proto.api.HostSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * A controller and its nodes in one JVM. The same actors, messages and page streams (gRPC on the loopback) as across JVMs; only
 * the actors' messages need no serialization.
 */
public final class EmbeddedCluster implements AutoCloseable {
    private final ActorSystem<Void> system;
    private final List<GrpcPageStreams> streams;
    private final ClusterControl control;

    private EmbeddedCluster(ActorSystem<Void> system, List<GrpcPageStreams> streams, ClusterControl control) {
        this.system = system;
        this.streams = streams;
        this.control = control;
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
        List<GrpcPageStreams> streams = new ArrayList<>();
        for (String name : nodes) {
            GrpcPageStreams ofNode = new GrpcPageStreams("127.0.0.1");
            streams.add(ofNode);
            Node.Settings settings = new Node.Settings(name, ofNode.address(), ofNode, machines);
            system.systemActorOf(Node.create(settings), "node-" + name, Props.empty());
        }
        return new EmbeddedCluster(system, streams, control);
    }

    public ClusterControl control() {
        return control;
    }

    /** Ends everything; returns when it has ended. */
    @Override
    public void close() {
        control.close();
        system.terminate();
        streams.forEach(GrpcPageStreams::close);
        system.getWhenTerminated().toCompletableFuture().join();
    }
}
