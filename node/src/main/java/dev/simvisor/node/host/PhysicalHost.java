package dev.simvisor.node.host;

import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.ToController;
import dev.simvisor.proto.node.WindowDone;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/** The actor of a physical host: has the granted windows run, by itself or jointly with other hosts of its node, and answers. */
final class PhysicalHost extends AbstractBehavior<PhysicalHost.Command> {
    /** What the host is told. */
    sealed interface Command {
        /** Leave to run its part of windows; answered by {@link WindowDone}. */
        record Run(RunWindow grant, JointWindows windows) implements Command {}

        /** The windows have been run. */
        record Ran(WindowDone done) implements Command {}

        /** The host's thread met a bug; the host dies of it. */
        record Broke(Throwable cause) implements Command {}

        /** The host is dead: end, with all VMs, in the middle of whatever is going on. */
        record Die() implements Command {}
    }

    private final HostSimulation simulation;
    private final ActorRef<ToController> controller;
    private final ExecutorService thread;

    /** A host that comes into being at a virtual time, without VMs. */
    static Behavior<Command> create(
            HostSpec spec,
            long nowNanos,
            MachineFactory machines,
            PageStreams streams,
            ActorRef<ToController> controller) {
        return Behaviors.setup(context ->
                new PhysicalHost(context, spec, new HostSimulation(spec, machines, streams, nowNanos), controller));
    }

    private PhysicalHost(
            ActorContext<Command> context,
            HostSpec spec,
            HostSimulation simulation,
            ActorRef<ToController> controller) {
        super(context);
        this.simulation = simulation;
        this.controller = controller;
        this.thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("host-" + spec.getName()).factory());
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Command.Run.class, this::onRun)
                .onMessage(Command.Ran.class, this::onRan)
                .onMessage(Command.Broke.class, this::onBroke)
                .onMessage(Command.Die.class, this::onDie)
                .onSignal(PostStop.class, this::onStopped)
                .build();
    }

    private Behavior<Command> onRun(Command.Run run) {
        getContext()
                .pipeToSelf(
                        run.windows().join(simulation, run.grant(), thread),
                        (result, failure) -> failure == null ? new Command.Ran(result) : new Command.Broke(failure));
        return this;
    }

    private Behavior<Command> onRan(Command.Ran ran) {
        for (WindowDone part : WindowParts.of(ran.done())) {
            controller.tell(ToController.newBuilder().setWindowDone(part).build());
        }
        return this;
    }

    private Behavior<Command> onBroke(Command.Broke broke) {
        throw new IllegalStateException("the host's simulation broke", broke.cause());
    }

    private Behavior<Command> onDie(Command.Die die) {
        return Behaviors.stopped();
    }

    private Behavior<Command> onStopped(PostStop signal) {
        thread.shutdownNow(); // interrupts a wait for a page stream
        // Memory is freed when the window in progress has ended, which no dispatcher's thread should wait for.
        Thread.ofPlatform().daemon().start(() -> {
            thread.close();
            simulation.close();
        });
        return this;
    }
}
