package dev.simvisor.controller.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.simvisor.controller.placement.Placement;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ClusterEvent.UnreachableMember;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.Subscribe;

/** A controller that nodes in other JVMs can join. Its actor system ends when the cluster is closed. */
public final class Controller implements AutoCloseable {
    private final ActorSystem<TimeKeeper.Command> system;
    private final ClusterHandle control;

    private Controller(ActorSystem<TimeKeeper.Command> system) {
        this.system = system;
        this.control = new ClusterHandle(system);
    }

    /**
     * Starts a controller.
     *
     * @param host name or address that nodes reach it by
     * @param port TCP port for nodes; 0 for any free one
     * @param maxWindowNanos windows are no longer, whatever the latency allows; 0 for no limit
     * @throws IOException when it cannot listen there; the message is one line
     */
    public static Controller start(String host, int port, Placement placement, long maxWindowNanos) throws IOException {
        checkFree(host, port);
        Config config = ConfigFactory.parseMap(Map.of(
                        "pekko.remote.artery.canonical.hostname", host,
                        "pekko.remote.artery.canonical.port", port))
                .withFallback(ConfigFactory.parseResources("simvisor-cluster.conf"))
                .withFallback(ConfigFactory.load());
        ActorSystem<TimeKeeper.Command> system =
                ActorSystem.create(keeper(placement, maxWindowNanos), "simvisor", config);
        Cluster cluster = Cluster.get(system);
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
        return new Controller(system);
    }

    /** The actor system reports an occupied port with much noise and no name. */
    private static void checkFree(String host, int port) throws IOException {
        try (ServerSocket probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(host, port));
        } catch (IOException e) {
            throw new IOException("cannot listen on " + host + ":" + port + ": " + e.getMessage(), e);
        }
    }

    /** For a cluster in one JVM: the time keeper in an actor system that the caller owns. */
    public static ClusterControl in(ActorSystem<?> system, Placement placement, long maxWindowNanos) {
        ActorRef<TimeKeeper.Command> keeper = system.systemActorOf(
                TimeKeeper.create(placement, maxWindowNanos, node -> {}), "time-keeper", Props.empty());
        return new ClusterHandle(keeper);
    }

    private static Behavior<TimeKeeper.Command> keeper(Placement placement, long maxWindowNanos) {
        return Behaviors.setup(context -> {
            ActorRef<UnreachableMember> undertaker = context.spawn(undertaker(), "undertaker");
            Cluster.get(context.getSystem())
                    .subscriptions()
                    .tell(Subscribe.create(undertaker, UnreachableMember.class));
            return TimeKeeper.create(
                    placement,
                    maxWindowNanos,
                    node -> bury(context.getSystem(), node.path().address()));
        });
    }

    /** A node that cannot be reached is dead: the controller alone decides so, and the node ends when it hears of it. */
    private static Behavior<UnreachableMember> undertaker() {
        return Behaviors.receive((context, unreachable) -> {
            bury(context.getSystem(), unreachable.member().address());
            return Behaviors.same();
        });
    }

    /** A dead member that has not been declared so would keep new ones from joining. */
    private static void bury(ActorSystem<?> system, Address member) {
        Cluster.get(system).manager().tell(new Down(member));
    }

    public ClusterControl control() {
        return control;
    }

    /** Where nodes join: host:port. */
    public String address() {
        Address address = Cluster.get(system).selfMember().address();
        return address.getHost().orElse("") + ":" + address.getPort().orElse(0);
    }

    /** Completes when the controller has ended. */
    public CompletionStage<Done> whenEnded() {
        return system.getWhenTerminated();
    }

    @Override
    public void close() {
        control.close();
    }
}
