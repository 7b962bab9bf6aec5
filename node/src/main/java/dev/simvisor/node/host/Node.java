package dev.simvisor.node.host;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.node.DefineHost;
import dev.simvisor.proto.node.Goodbye;
import dev.simvisor.proto.node.HostBroken;
import dev.simvisor.proto.node.HostReady;
import dev.simvisor.proto.node.HostRefused;
import dev.simvisor.proto.node.NodeJoined;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.ToController;
import dev.simvisor.proto.node.ToNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.jspecify.annotations.Nullable;

/**
 * The actor of a node: finds the controller, offers itself, and carries the hosts that the controller defines. Ends when the
 * controller says goodbye or is gone.
 */
public final class Node extends AbstractBehavior<Node.Command> {
    /** Under which the controller is found. */
    public static final ServiceKey<ToController> CONTROLLER = ServiceKey.create(ToController.class, "controller");

    /** What the node is told. */
    public sealed interface Command {
        record FromController(ToNode message) implements Command {}

        record ControllerFound(ActorRef<ToController> controller) implements Command {}

        record ControllerGone() implements Command {}
    }

    /** How a node ended. */
    public sealed interface Ending {
        /** The cluster ended. */
        record Dismissed() implements Ending {}

        /** The controller did not let it in, for the reason given. */
        record Refused(String reason) implements Ending {}

        /** The controller is gone. */
        record Orphaned() implements Ending {}

        /** A bug has ended it, or the cluster without a word to it. */
        record Broken() implements Ending {}
    }

    /**
     * What a node is and has.
     *
     * @param whenJoined told the node's own address once the controller has taken it in
     * @param whenEnding told before the node ends by itself
     */
    public record Settings(
            String name,
            String transferAddress,
            PageStreams streams,
            Function<HostSpec, MachineFactory> machines,
            Consumer<Address> whenJoined,
            Consumer<Ending> whenEnding) {}

    private final Settings settings;
    /** Takes what the controller says: {@link ToNode}. */
    private final ActorRef<Object> inbox;

    private final Map<String, ActorRef<PhysicalHost.Command>> hosts = new HashMap<>();
    private @Nullable ActorRef<ToController> controller;
    /** Those that hosts are being granted, or were last. */
    private @Nullable JointWindows windows;

    public static Behavior<Command> create(Settings settings) {
        return Behaviors.setup(context -> new Node(context, settings));
    }

    private Node(ActorContext<Command> context, Settings settings) {
        super(context);
        this.settings = settings;
        // An actor of its own, not a message adapter, so that others can watch it.
        this.inbox = context.spawn(
                Behaviors.receive(Object.class)
                        .onMessage(ToNode.class, message -> {
                            context.getSelf().tell(new Command.FromController(message));
                            return Behaviors.same();
                        })
                        .onMessage(Command.ControllerGone.class, gone -> {
                            context.getSelf().tell(gone);
                            return Behaviors.same();
                        })
                        .build(),
                "inbox");
        ActorRef<Receptionist.Listing> listings = context.spawn(
                Behaviors.receive(Receptionist.Listing.class)
                        .onMessage(Receptionist.Listing.class, listing -> {
                            Set<ActorRef<ToController>> found = listing.getServiceInstances(CONTROLLER);
                            found.forEach(one -> context.getSelf().tell(new Command.ControllerFound(one)));
                            return Behaviors.same();
                        })
                        .build(),
                "controller-finder");
        context.getSystem().receptionist().tell(Receptionist.subscribe(CONTROLLER, listings));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Command.ControllerFound.class, this::onControllerFound)
                .onMessage(Command.FromController.class, this::onFromController)
                .onMessage(Command.ControllerGone.class, gone -> end(new Ending.Orphaned()))
                .onSignal(Terminated.class, this::onTerminated)
                .build();
    }

    private Behavior<Command> onControllerFound(Command.ControllerFound found) {
        if (controller == null) {
            controller = found.controller();
            getContext().watch(controller);
            tell(ToController.newBuilder()
                    .setNodeJoined(NodeJoined.newBuilder()
                            .setNode(settings.name())
                            .setReference(ActorRefResolver.get(getContext().getSystem())
                                    .toSerializationFormat(inbox))
                            .setTransferAddress(settings.transferAddress())));
        }
        return this;
    }

    private Behavior<Command> onFromController(Command.FromController received) {
        ToNode message = received.message();
        return switch (message.getMessageCase()) {
            case WELCOME -> {
                settings.whenJoined().accept(getContext().getSystem().address());
                yield this;
            }
            case DEFINE_HOST -> onDefineHost(message.getDefineHost());
            case REMOVE_HOST -> onRemoveHost(message.getRemoveHost().getHost());
            case RUN_WINDOW -> onRunWindow(message.getRunWindow());
            case GOODBYE -> {
                Goodbye goodbye = message.getGoodbye();
                yield end(goodbye.getRefused() ? new Ending.Refused(goodbye.getReason()) : new Ending.Dismissed());
            }
            case MESSAGE_NOT_SET -> {
                getContext().getLog().warn("a message of a kind this version does not know was ignored");
                yield this;
            }
        };
    }

    private Behavior<Command> end(Ending ending) {
        getContext().getLog().info("node {} ends: {}", settings.name(), ending);
        settings.whenEnding().accept(ending);
        return Behaviors.stopped();
    }

    private Behavior<Command> onDefineHost(DefineHost definition) {
        HostSpec spec = definition.getSpec();
        String refusal = refusal(spec);
        if (refusal != null) {
            tell(ToController.newBuilder()
                    .setHostRefused(
                            HostRefused.newBuilder().setHost(spec.getName()).setReason(refusal)));
            return this;
        }
        ActorRef<PhysicalHost.Command> host = getContext()
                .spawnAnonymous(PhysicalHost.create(
                        spec,
                        definition.getNowNanos(),
                        settings.machines().apply(spec),
                        settings.streams(),
                        controller()));
        getContext().watch(host);
        hosts.put(spec.getName(), host);
        tell(ToController.newBuilder().setHostReady(ready(spec)));
        return this;
    }

    private static HostReady ready(HostSpec spec) {
        HostReady.Builder ready = HostReady.newBuilder()
                .setHost(spec.getName())
                .setCpuModel(CpuModel.named(spec.getCpuModel()).orElseThrow().name());
        for (CpuModel model : CpuModel.CATALOGUE) {
            ready.addCpuModelsBuilder()
                    .setName(model.name())
                    .addAllFeatures(new TreeSet<>(model.features()))
                    .setPhysicalAddressBits(model.physicalAddressBits());
        }
        return ready.build();
    }

    private @Nullable String refusal(HostSpec spec) {
        if (hosts.containsKey(spec.getName())) {
            return "node " + settings.name() + " already carries a host " + spec.getName();
        }
        if (spec.getMemoryBytes() <= 0) {
            return "host " + spec.getName() + " without memory";
        }
        if (CpuModel.named(spec.getCpuModel()).isEmpty()) {
            return "host " + spec.getName() + ": " + CpuModel.refusal(spec.getCpuModel());
        }
        try {
            HostCosts.of(spec.getCostModel());
        } catch (IllegalArgumentException unknown) {
            return "host " + spec.getName() + ": " + unknown.getMessage();
        }
        return null;
    }

    private Behavior<Command> onRunWindow(RunWindow grant) {
        if (windows == null || windows.window() != grant.getWindow() || grant.getHosts() <= 1) {
            windows = new JointWindows(grant.getWindow(), grant.getHosts(), Processors.executor());
        }
        ActorRef<PhysicalHost.Command> host = hosts.get(grant.getHost());
        if (host == null) {
            windows.miss();
        } else {
            host.tell(new PhysicalHost.Command.Run(grant, windows));
        }
        return this;
    }

    private Behavior<Command> onRemoveHost(String name) {
        ActorRef<PhysicalHost.Command> host = hosts.remove(name);
        if (host != null) {
            host.tell(new PhysicalHost.Command.Die());
        }
        return this;
    }

    private Behavior<Command> onTerminated(Terminated terminated) {
        if (terminated.getRef().equals(controller)) {
            inbox.tell(new Command.ControllerGone()); // behind a goodbye that has arrived there
            return this;
        }
        // A host that was not removed has died of a bug, alone.
        hosts.entrySet().stream()
                .filter(host ->
                        host.getValue().path().equals(terminated.getRef().path()))
                .map(Map.Entry::getKey)
                .findAny()
                .ifPresent(host -> hostBroke(host, terminated));
        return this;
    }

    private void hostBroke(String host, Terminated terminated) {
        hosts.remove(host);
        String cause = terminated instanceof ChildFailed failed ? ": " + rootOf(failed.getCause()) : "";
        tell(ToController.newBuilder()
                .setHostBroken(HostBroken.newBuilder().setHost(host).setReason("bug of the simulator" + cause)));
    }

    private static Throwable rootOf(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    private ActorRef<ToController> controller() {
        if (controller == null) {
            throw new IllegalStateException("there is no controller yet");
        }
        return controller;
    }

    private void tell(ToController.Builder message) {
        controller().tell(message.build());
    }
}
