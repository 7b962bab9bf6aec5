package dev.simvisor.node.host;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.simvisor.node.host.transfer.GrpcPageStreams;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.proto.api.HostSpec;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ClusterEvent.UnreachableMember;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.apache.pekko.cluster.typed.Subscribe;
import org.jspecify.annotations.Nullable;

/** The process of a node: joins a controller's cluster, carries the hosts it is given, and ends with the cluster. */
public final class NodeMain {
    private static final String USAGE = "expected: --join HOST:PORT [--name NAME] [--host ADDRESS]";
    private static final int EXIT_USAGE = 2;

    /**
     * What a node is started with.
     *
     * @param join where the controller is
     * @param name the node's, unique in the cluster
     * @param host name or address that others reach this process by
     */
    public record Options(String join, String name, String host) {
        static Options parse(String[] arguments) {
            String join = "";
            String name = "node-" + ProcessHandle.current().pid();
            String host = "127.0.0.1";
            for (int i = 0; i < arguments.length; i += 2) {
                if (i + 1 == arguments.length) {
                    throw new IllegalArgumentException(arguments[i] + " without a value: " + USAGE);
                }
                String value = arguments[i + 1];
                switch (arguments[i]) {
                    case "--join" -> join = value;
                    case "--name" -> name = value;
                    case "--host" -> host = value;
                    default -> throw new IllegalArgumentException("unknown option " + arguments[i] + ": " + USAGE);
                }
            }
            if (!join.matches(".+:[0-9]{1,5}")) {
                throw new IllegalArgumentException("--join '" + join + "': " + USAGE);
            }
            return new Options(join, name, host);
        }

        Address controller() {
            int colon = join.lastIndexOf(':');
            return new Address(
                    "pekko", "simvisor", join.substring(0, colon), Integer.parseInt(join.substring(colon + 1)));
        }
    }

    private NodeMain() {}

    public static void main(String[] arguments) throws IOException {
        Locale.setDefault(Locale.ROOT); // what it says of a VM is part of results
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("simvisor node: " + e.getMessage());
            System.exit(EXIT_USAGE);
            return;
        }
        System.exit(run(options, HostedMachines::new, System.out::println));
    }

    /**
     * Runs a node until its cluster ends. Returns the exit status: 0 only when the controller ended the cluster; any other end
     * has been explained in one line on standard error.
     *
     * @param output gets one line when the node is part of the cluster
     * @throws IOException when the host gives no port to listen on
     */
    public static int run(Options options, Function<HostSpec, MachineFactory> machines, Consumer<String> output)
            throws IOException {
        Config config = ConfigFactory.parseMap(Map.of("pekko.remote.artery.canonical.hostname", options.host()))
                .withFallback(ConfigFactory.parseResources("simvisor-cluster.conf"))
                .withFallback(ConfigFactory.load());
        AtomicReference<Node.@Nullable Ending> ending = new AtomicReference<>();
        try (GrpcPageStreams streams = new GrpcPageStreams(options.host())) {
            Node.Settings settings = new Node.Settings(
                    options.name(),
                    streams.address(),
                    streams,
                    machines,
                    own -> {
                        ending.set(new Node.Ending.Broken()); // unless it is told another
                        output.accept(joined(options, own));
                    },
                    ending::set);
            ActorSystem<Node.Command> system = ActorSystem.create(guardian(settings, options), "simvisor", config);
            Cluster.get(system).manager().tell(new JoinSeedNodes(List.of(options.controller())));
            system.getWhenTerminated().toCompletableFuture().join();
        }
        return exitStatus(options, ending.get());
    }

    /** A node that also ends when the controller's process cannot be reached: nobody else would declare it dead. */
    private static Behavior<Node.Command> guardian(Node.Settings settings, Options options) {
        return Behaviors.setup(context -> {
            ActorRef<UnreachableMember> lookout = context.spawn(
                    Behaviors.receive(UnreachableMember.class)
                            .onAnyMessage(unreachable -> {
                                if (unreachable.member().address().equals(options.controller())) {
                                    settings.whenEnding().accept(new Node.Ending.Orphaned());
                                    context.getSystem().terminate();
                                }
                                return Behaviors.same();
                            })
                            .build(),
                    "lookout");
            Cluster.get(context.getSystem()).subscriptions().tell(Subscribe.create(lookout, UnreachableMember.class));
            return Node.create(settings);
        });
    }

    private static String joined(Options options, Address own) {
        return "node " + options.name() + " at " + options.host() + ":"
                + own.getPort().orElseThrow() + " has joined the cluster of the controller at " + options.join();
    }

    private static int exitStatus(Options options, Node.@Nullable Ending ending) {
        String problem = switch (ending) {
            case null -> "no controller answers at " + options.join();
            case Node.Ending.Dismissed() -> "";
            case Node.Ending.Refused(String reason) -> reason;
            case Node.Ending.Broken() ->
                "ended by an error of its own, and the VMs here with it; start it again, then simvisor host recover";
            case Node.Ending.Orphaned() ->
                "the controller at " + options.join()
                        + " is gone, or has taken this node for dead, and the VMs here are lost; start the node again,"
                        + " after simvisor up if that has ended";
        };
        if (problem.isEmpty()) {
            return 0;
        }
        System.err.println("simvisor node " + options.name() + ": " + problem);
        return 1;
    }
}
