package dev.simvisor.controller.cluster;

import dev.simvisor.controller.cluster.ClusterControl.Subscription;
import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.controller.placement.Placement;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.HostLoss;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.JournalEntry;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.node.DefineHost;
import dev.simvisor.proto.node.Goodbye;
import dev.simvisor.proto.node.HostBroken;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.HostReady;
import dev.simvisor.proto.node.NodeJoined;
import dev.simvisor.proto.node.RemoveHost;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.ToController;
import dev.simvisor.proto.node.ToNode;
import dev.simvisor.proto.node.Welcome;
import dev.simvisor.proto.node.WindowDone;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.jspecify.annotations.Nullable;

/**
 * Grants windows of virtual time to all hosts and, while all of them stand still at the same time, lets {@link ClusterState}
 * decide. A window is no longer than the smallest latency, so nothing sent within it can arrive within it; it ends early where
 * the controller itself has something due, so decisions fall on exact times.
 */
final class TimeKeeper extends AbstractBehavior<TimeKeeper.Command> implements Outbox {
    private static final ServiceKey<ToController> KEY = ServiceKey.create(ToController.class, "controller");

    /** A cluster without hosts has no latency to go by. */
    private static final long LONGEST_WINDOW_NANOS = 10_000_000;

    /** How far the hosts of a node may go by themselves that are alone with something to do: so long do commands from outside wait. */
    private static final long MOST_AHEAD_NANOS = 5_000_000;

    /** Timers refuse more than some months, and a guest may set its clock for any time. */
    private static final long LONGEST_WAIT_NANOS = 3_600_000_000_000L;

    /** What the time keeper is told. */
    sealed interface Command {
        record FromNode(ToController message) implements Command {}

        /** A node's process has ended or cannot be reached; whatever it is, it is no part of the cluster any more. */
        record NodeGone(String node, ActorRef<ToNode> inbox, String reason) implements Command {}

        /** A command from outside: at the start of the next window. */
        record Do(Consumer<TimeKeeper> what) implements Command {}

        /** A command from outside: at a virtual time. */
        record DoAt(long nanos, Agenda.Rank rank, Consumer<TimeKeeper> what) implements Command {}

        /** Look, or do what is no part of the simulation: at once. */
        record Look(Consumer<TimeKeeper> what) implements Command {}

        /** The wall clock has caught up. */
        record WallCameRound() implements Command {}

        record Shutdown() implements Command {}
    }

    private record NodeEntry(ActorRef<ToNode> inbox, String transferAddress, Lifeline lifeline) {}

    private final TimerScheduler<Command> timers;
    private final long maxWindowNanos;
    private final Placement placement;
    private final Consumer<ActorRef<?>> undertaker;
    private final ClusterState state;
    private final Agenda agenda = new Agenda();
    private final Windows windows = new Windows();
    private final EthernetFabric fabric = new EthernetFabric();
    private final Pace pace = new Pace();
    private final Meterings meterings = new Meterings();
    private final SortedMap<String, NodeEntry> nodes = new TreeMap<>();
    /** Hosts that have not answered the present window. */
    private final Set<String> running = new HashSet<>();
    /** Hosts that have not answered their definition. */
    private final Set<String> starting = new HashSet<>();

    /** Deaths to be told of before anything else: nothing that has arrived, or comes from outside, may count on the dead. */
    private final Deque<Runnable> deaths = new ArrayDeque<>();

    private final Deque<Consumer<TimeKeeper>> outside = new ArrayDeque<>();
    private final List<CompletableFuture<Void>> whenStarted = new ArrayList<>();
    private @Nullable Journal journal;
    private boolean startAsked;
    private boolean started;
    private boolean turning;
    private long nowNanos;
    private long windowEndNanos;
    private long windowCount;
    /** How many windows the present grant has covered, as far as hosts have answered. */
    private long windowsCovered = 1;

    /**
     * @param maxWindowNanos windows are no longer, whatever the latency allows; 0 for no limit
     * @param undertaker told of each node that is gone, to keep it out of the cluster
     */
    static Behavior<Command> create(Placement placement, long maxWindowNanos, Consumer<ActorRef<?>> undertaker) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new TimeKeeper(context, timers, placement, maxWindowNanos, undertaker)));
    }

    private TimeKeeper(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Placement placement,
            long maxWindowNanos,
            Consumer<ActorRef<?>> undertaker) {
        super(context);
        this.timers = timers;
        this.placement = placement;
        this.undertaker = undertaker;
        this.maxWindowNanos = maxWindowNanos == 0 ? LONGEST_WINDOW_NANOS : maxWindowNanos;
        this.state = new ClusterState(this, placement);
        ActorRef<ToController> inbox = context.spawn(
                Behaviors.receive(ToController.class)
                        .onAnyMessage(message -> {
                            context.getSelf().tell(new Command.FromNode(message));
                            return Behaviors.same();
                        })
                        .build(),
                "inbox");
        context.getSystem().receptionist().tell(Receptionist.register(KEY, inbox));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Command.FromNode.class, this::onFromNode)
                .onMessage(Command.NodeGone.class, this::onNodeGone)
                .onMessage(Command.Do.class, this::onDo)
                .onMessage(Command.DoAt.class, this::onDoAt)
                .onMessage(Command.Look.class, this::onLook)
                .onMessage(Command.WallCameRound.class, this::onWallCameRound)
                .onMessage(Command.Shutdown.class, this::onShutdown)
                .onSignal(PostStop.class, this::onStopped)
                .build();
    }

    // ---- nodes ----

    private Behavior<Command> onFromNode(Command.FromNode received) {
        ToController message = received.message();
        switch (message.getMessageCase()) {
            case NODE_JOINED -> nodeJoined(message.getNodeJoined());
            case HOST_READY -> {
                HostReady ready = message.getHostReady();
                if (starting.remove(ready.getHost())) {
                    windows.add(ready.getHost(), nodeOf(ready.getHost()));
                    journalFirstRise(ready.getHost());
                    state.hostUp(ready);
                }
            }
            case HOST_REFUSED -> {
                starting.remove(message.getHostRefused().getHost());
                state.hostRefused(
                        message.getHostRefused().getHost(),
                        message.getHostRefused().getReason());
            }
            case WINDOW_DONE -> windowDone(message.getWindowDone());
            case HOST_BROKEN -> hostBroke(message.getHostBroken());
            case MESSAGE_NOT_SET -> getContext().getLog().warn("a message of a kind this version does not know");
        }
        turn();
        return this;
    }

    /** A host is in the journal from when it is up: what it was not there for yet, it is not to have a part in. */
    private void journalFirstRise(String name) {
        HostEntry host = state.hosts().get(name);
        if (host != null && !host.hasRisen) {
            host.hasRisen = true;
            journal(JournalEntry.newBuilder().setDefineHost(host.spec));
        }
    }

    private void nodeJoined(NodeJoined joined) {
        ActorRef<ToNode> inbox = ActorRefResolver.get(getContext().getSystem()).resolveActorRef(joined.getReference());
        if (nodes.containsKey(joined.getNode())) {
            refuse(inbox, "there is a node " + joined.getNode() + " already");
            return;
        }
        ActorRef<Command> self = getContext().getSelf();
        Lifeline lifeline = Lifeline.to(
                joined.getTransferAddress(),
                reason -> self.tell(new Command.NodeGone(joined.getNode(), inbox, reason)));
        nodes.put(joined.getNode(), new NodeEntry(inbox, joined.getTransferAddress(), lifeline));
        getContext().watchWith(inbox, new Command.NodeGone(joined.getNode(), inbox, "it has left the cluster"));
        inbox.tell(ToNode.newBuilder().setWelcome(Welcome.getDefaultInstance()).build());
        state.events().add(nowNanos, Event.newBuilder().setNode("node " + joined.getNode() + " joined"));
        outside.add(keeper -> assignWaiting());
        endWait();
    }

    private static void refuse(ActorRef<ToNode> inbox, String reason) {
        Goodbye.Builder goodbye = Goodbye.newBuilder().setReason(reason).setRefused(true);
        inbox.tell(ToNode.newBuilder().setGoodbye(goodbye).build());
    }

    /** Gives hosts that have no node yet the node they name, or the one that carries the fewest. */
    void assignWaiting() {
        for (HostEntry host : state.hosts().values()) {
            if (host.state == HostState.HOST_STARTING && host.node.isEmpty()) {
                String node = nodeFor(host.spec);
                if (!node.isEmpty()) {
                    state.assign(host, node);
                }
            }
        }
    }

    @Override
    public String nodeFor(HostSpec host) {
        String wanted = host.getNode();
        if (wanted.isEmpty()) {
            return nodes.isEmpty() ? "" : emptiestNode();
        }
        return nodes.containsKey(wanted) ? wanted : "";
    }

    private String emptiestNode() {
        String best = nodes.firstKey();
        for (String node : nodes.keySet()) {
            if (hostsOn(node) < hostsOn(best)) {
                best = node;
            }
        }
        return best;
    }

    private long hostsOn(String node) {
        return state.hosts().values().stream()
                .filter(host -> host.node.equals(node))
                .count();
    }

    private Behavior<Command> onNodeGone(Command.NodeGone gone) {
        NodeEntry node = nodes.get(gone.node());
        if (node == null || !node.inbox().equals(gone.inbox())) {
            return this; // known already, and perhaps another has joined under its name
        }
        nodes.remove(gone.node());
        getContext().getLog().info("node {} is gone: {}", gone.node(), gone.reason());
        getContext().unwatch(node.inbox());
        node.lifeline().close();
        refuse(node.inbox(), "the controller has taken this node for dead: " + gone.reason());
        undertaker.accept(node.inbox());
        state.events().add(nowNanos, Event.newBuilder().setNode("node " + gone.node() + " is gone"));
        List<HostEntry> dead = state.hosts().values().stream()
                .filter(host -> host.node.equals(gone.node()))
                .toList();
        dead.forEach(host -> die(host, "node " + gone.node() + " is gone"));
        endDeaths();
        turn();
        return this;
    }

    /** A host is dead, by itself or with its node, which it has no more; {@link #endDeaths} follows. */
    private void die(HostEntry host, String reason) {
        starting.remove(host.name());
        boolean inWindow = running.remove(host.name());
        long windowNanos = nowNanos;
        deaths.add(() -> {
            lose(HostLoss.newBuilder()
                    .setHost(host.name())
                    .setSinceNanos(inWindow ? windowNanos : nowNanos)
                    .setReason(reason)
                    .build());
            host.node = "";
        });
    }

    /** Nobody waits any more for what the dead were to do. */
    private void endDeaths() {
        if (windowEndNanos > nowNanos && running.isEmpty()) {
            endWindow();
        }
        endWait();
    }

    private void hostBroke(HostBroken broken) {
        HostEntry host = state.hosts().get(broken.getHost());
        if (host != null && host.isAlive()) {
            die(host, broken.getReason());
            endDeaths();
        }
    }

    /** A host has died with its node. */
    void lose(HostLoss loss) {
        HostEntry host = state.hosts().get(loss.getHost());
        if (host != null && host.state != HostState.HOST_FAILED) {
            journal(JournalEntry.newBuilder().setLoseHost(loss));
            state.hostDied(host, loss.getReason());
        }
    }

    /** From now on the host ends no window any more. */
    void freeze(String host) {
        windows.remove(host);
    }

    // ---- from outside ----

    private Behavior<Command> onDo(Command.Do command) {
        outside.add(command.what());
        endWait();
        turn();
        return this;
    }

    /** If nothing runs, and the next event is some time ahead: what has come from outside falls on the time on the wall. */
    private void endWait() {
        if (timers.isTimerActive(Command.WallCameRound.class)) {
            timers.cancel(Command.WallCameRound.class);
            long virtual = pace.virtualAt(System.nanoTime());
            nowNanos = Math.max(nowNanos, Math.min(nextNanos(), virtual));
        }
    }

    private Behavior<Command> onDoAt(Command.DoAt command) {
        agenda.addAsked(command.nanos(), command.rank(), () -> command.what().accept(this));
        timers.cancel(Command.WallCameRound.class); // it may be due before what is being waited for
        turn();
        return this;
    }

    private Behavior<Command> onLook(Command.Look command) {
        command.what().accept(this);
        turn();
        return this;
    }

    private Behavior<Command> onWallCameRound(Command.WallCameRound command) {
        turn();
        return this;
    }

    private Behavior<Command> onShutdown(Command.Shutdown command) {
        Goodbye.Builder goodbye = Goodbye.newBuilder().setReason("the cluster ends");
        for (NodeEntry node : nodes.values()) {
            getContext().unwatch(node.inbox());
            node.inbox().tell(ToNode.newBuilder().setGoodbye(goodbye).build());
        }
        closeJournal();
        return Behaviors.stopped();
    }

    private Behavior<Command> onStopped(PostStop signal) {
        nodes.values().forEach(node -> node.lifeline().close());
        return this;
    }

    private void closeJournal() {
        if (journal != null) {
            try {
                journal.close();
            } catch (IOException e) {
                getContext().getLog().error("the journal cannot be closed: {}", e.toString());
            }
        }
    }

    /** Time runs once all hosts that are defined now are up. */
    void start(CompletableFuture<Void> answer) {
        if (started) {
            answer.complete(null);
            return;
        }
        startAsked = true;
        whenStarted.add(answer);
    }

    void hold() {
        started = false;
        startAsked = false;
    }

    void pace(double virtualPerWall) {
        pace.set(virtualPerWall, nowNanos, System.nanoTime());
        timers.cancel(Command.WallCameRound.class);
    }

    void journalTo(Path file) throws IOException {
        journal = new Journal(file, placement);
    }

    /** Measures from now on; to be called while everything stands still. All hosts say where they stand before they go on. */
    Subscription measure(long everyNanos, long untilNanos, Consumer<Measurement> listener) {
        Metering metering = new Metering(state, nowNanos, everyNanos, untilNanos, listener);
        meterings.add(metering);
        windowEndNanos = nowNanos;
        windowCount++;
        windows.look(windowCount, nowNanos).forEach(this::run);
        return () -> meterings.remove(metering);
    }

    /** Takes down a command that takes effect now. The cluster outlives its journal. */
    void journal(JournalEntry.Builder entry) {
        if (journal == null) {
            return;
        }
        try {
            journal.write(entry.setVirtualNanos(nowNanos).build());
        } catch (IOException e) {
            getContext().getLog().error("the journal ends here, it cannot be written: {}", e.getMessage());
            closeJournal();
            journal = null;
        }
    }

    ClusterState state() {
        return state;
    }

    List<String> nodeNames() {
        return List.copyOf(nodes.keySet());
    }

    ClusterStatus status() {
        return ClusterStatus.newBuilder()
                .setVirtualNanos(nowNanos)
                .setPace(pace.virtualPerWall())
                .setLookaheadNanos(lookaheadNanos())
                .setWindows(windowCount)
                .setNodes(nodes.size())
                .setHosts(state.hosts().size())
                .setHostsUp((int) state.hosts().values().stream()
                        .filter(HostEntry::isAlive)
                        .count())
                .setVms(state.vms().size())
                .setVmsRunning((int) state.vms().values().stream()
                        .filter(vm -> vm.state == VmState.VM_RUNNING)
                        .count())
                .setMigrationsActive((int) state.migrations().active())
                .build();
    }

    // ---- windows ----

    /** Goes on, if nothing is being waited for: decides what is due, then grants the next window. */
    private void turn() {
        if (turning) {
            return; // a decision has called back
        }
        turning = true;
        try {
            while (isStill() && step()) {
                continue;
            }
        } finally {
            turning = false;
        }
    }

    private boolean isStill() {
        return isAnswered() && !timers.isTimerActive(Command.WallCameRound.class);
    }

    /** Whether all hosts have done what they were told. */
    private boolean isAnswered() {
        return running.isEmpty() && starting.isEmpty();
    }

    /** One step while everything stands still; false when there is nothing to do for now. */
    private boolean step() {
        while (!deaths.isEmpty()) {
            deaths.remove().run();
        }
        if (started) {
            meterings.measure(nowNanos);
            // What comes after a host that is brought up waits for it, whichever of several answers first.
            agenda.runUpTo(nowNanos, this::isAnswered);
            if (!isAnswered()) {
                return false;
            }
        }
        if (!outside.isEmpty()) {
            outside.remove().accept(this);
            return true;
        }
        if (!started) {
            return mayStart(); // time has not begun, or was told to stand
        }
        long next = nextNanos();
        if (next == Long.MAX_VALUE) {
            return false;
        }
        long waitNanos = pace.waitNanos(next, System.nanoTime());
        if (waitNanos > 0) {
            timers.startSingleTimer(
                    Command.WallCameRound.class,
                    new Command.WallCameRound(),
                    Duration.ofNanos(Math.min(waitNanos, LONGEST_WAIT_NANOS)));
            return false;
        }
        nowNanos = Math.max(nowNanos, next);
        if (plannedNanos() > nowNanos) {
            grant();
        }
        return true;
    }

    private boolean mayStart() {
        boolean allUp = state.hosts().values().stream().noneMatch(host -> host.state == HostState.HOST_STARTING);
        if (startAsked && allUp) {
            started = true;
            pace.set(pace.virtualPerWall(), nowNanos, System.nanoTime());
            whenStarted.forEach(answer -> answer.complete(null));
            whenStarted.clear();
        }
        return started;
    }

    /**
     * When time is to go on to. To be measured is no reason for it where it jumps from event to event: the jumps would be without
     * end. Where it keeps to the wall's, it passes.
     */
    private long nextNanos() {
        long next = Math.min(agenda.nextNanos(), Math.max(nowNanos, windows.nextNanos(nowNanos)));
        return next == Long.MAX_VALUE && pace.isFree() ? next : Math.min(next, meterings.nextNanos());
    }

    /** When the controller itself has something to do next. */
    private long plannedNanos() {
        return Math.min(agenda.nextNanos(), meterings.nextNanos());
    }

    private long lookaheadNanos() {
        long lookahead = maxWindowNanos;
        for (HostEntry host : state.hosts().values()) {
            lookahead = Math.min(lookahead, host.spec.getLink().getLatencyNanos());
        }
        return lookahead;
    }

    private void grant() {
        long lookaheadNanos = lookaheadNanos();
        long plannedNanos = plannedNanos();
        windowEndNanos = Math.min(Math.min(nowNanos + lookaheadNanos, plannedNanos), windows.fullNanos());
        windowCount++;
        windows.measure(!meterings.isEmpty());
        Windows.Ahead ahead = new Windows.Ahead(lookaheadNanos, plannedNanos, nowNanos + MOST_AHEAD_NANOS);
        windows.grant(windowCount, nowNanos, windowEndNanos, ahead).forEach(this::run);
    }

    private void run(RunWindow window) {
        String node = nodeOf(window.getHost());
        if (!nodes.containsKey(node)) {
            return; // it has just died, and its hosts are about to be told of as dead
        }
        running.add(window.getHost());
        tell(node, ToNode.newBuilder().setRunWindow(window));
    }

    private String nodeOf(String host) {
        HostEntry entry = state.hosts().get(host);
        return entry == null ? "" : entry.node;
    }

    private void windowDone(WindowDone done) {
        if (done.getWindow() != windowCount || !running.contains(done.getHost())) {
            return; // from a host that has been declared dead
        }
        done.getConsolesList().forEach(state::console);
        fabric.sent(done.getFramesList());
        if (done.getMore()) {
            return;
        }
        running.remove(done.getHost());
        windowEndNanos = Math.max(windowEndNanos, done.getUntilNanos());
        windowsCovered = Math.max(windowsCovered, done.getWindows());
        String host = done.getHost();
        windows.due(host, done.getNextDueNanos());
        for (int i = 0; i < done.getSentCount(); i++) {
            send(host, i, done.getSent(i));
        }
        done.getProgressList().forEach(progress -> state.progress(host, progress));
        meterings.windowDone(done);
        if (running.isEmpty()) {
            endWindow();
        }
    }

    private void endWindow() {
        nowNanos = windowEndNanos;
        windowCount += windowsCovered - 1;
        windowsCovered = 1;
        fabric.forward(state.hosts(), windows::frame);
    }

    /** The controller hears of everything, at the time at which it arrives. */
    private void send(String from, int index, HostMessage message) {
        String key = String.format("%020d %s %06d", message.getSentNanos(), from, index);
        agenda.add(message.getArrivalNanos(), Agenda.Rank.ARRIVAL, key, () -> state.arrived(from, message));
        if (!message.getTo().isEmpty()) {
            windows.message(from, index, message);
        }
    }

    // ---- outbox ----

    @Override
    public long nowNanos() {
        return nowNanos;
    }

    @Override
    public void command(String host, HostCommand command) {
        windows.command(host, command);
    }

    @Override
    public void timer(long nanos, String key, Runnable action) {
        agenda.add(nanos, Agenda.Rank.TIMER, key, action);
    }

    @Override
    public void define(String node, DefineHost definition) {
        starting.add(definition.getSpec().getName());
        tell(node, ToNode.newBuilder().setDefineHost(definition));
    }

    @Override
    public void remove(String node, String host) {
        windows.remove(host);
        fabric.forget(host);
        running.remove(host);
        starting.remove(host);
        tell(node, ToNode.newBuilder().setRemoveHost(RemoveHost.newBuilder().setHost(host)));
    }

    @Override
    public String transferAddress(String node) {
        NodeEntry entry = nodes.get(node);
        return entry == null ? "127.0.0.1:1" : entry.transferAddress();
    }

    private void tell(String node, ToNode.Builder message) {
        NodeEntry entry = nodes.get(node);
        if (entry != null) {
            entry.inbox().tell(message.build());
        }
    }
}
