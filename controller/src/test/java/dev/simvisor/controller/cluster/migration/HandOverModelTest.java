package dev.simvisor.controller.cluster.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.cluster.migration.Coordination.Outcome;
import dev.simvisor.node.vmm.migration.MigrationPlan;
import dev.simvisor.node.vmm.migration.PageCoding;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.node.vmm.migration.SourceMigration;
import dev.simvisor.node.vmm.migration.TargetMigration;
import dev.simvisor.proto.api.MigrationAlgorithm;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Walks through every order in which messages, deaths, a cancel and a lost stream can meet the three state machines of a
 * migration together, and holds each world on the way to the promise: the VM never runs twice, and is lost only with a host.
 */
class HandOverModelTest {
    private static MigrationPlan plan(MigrationAlgorithm algorithm) {
        return new MigrationPlan(algorithm, 1 << 20, 1 << 20, 0, 1, 1, false, PageCoding.NONE);
    }

    /** Words of messages that go on with a number: of pages that follow, or of the page. */
    private static final String HAND_OVER = "hand over ";

    private static final String PAGE = "page ";

    /** What is under way between the parties; each lane keeps its order. */
    private enum Lane {
        TO_SOURCE,
        TO_TARGET,
        FROM_SOURCE,
        FROM_TARGET
    }

    /** A message; what the word means depends on the lane. */
    private record Message(Lane lane, String word) {}

    /** Everything there is at one moment. */
    private record World(
            Coordination.State coordination,
            SourceMigration.State source,
            TargetMigration.State target,
            List<Message> underWay,
            boolean sourceAlive,
            boolean targetAlive,
            boolean runsAtSource,
            boolean runsAtTarget,
            boolean streamWorks,
            boolean woken,
            boolean lost,
            boolean cancelAsked,
            boolean pageMissed,
            boolean committed) {}

    /** A world in the making. */
    private static final class Next {
        Coordination.State coordination;
        SourceMigration.State source;
        TargetMigration.State target;
        final List<Message> underWay;
        boolean sourceAlive;
        boolean targetAlive;
        boolean runsAtSource;
        boolean runsAtTarget;
        boolean streamWorks;
        boolean woken;
        boolean lost;
        boolean cancelAsked;
        boolean pageMissed;
        boolean committed;
        /** What the hand-over that is being delivered says of pages that follow. */
        BitSet withheld = new BitSet();

        Next(World world) {
            coordination = world.coordination();
            source = world.source();
            target = world.target();
            underWay = new ArrayList<>(world.underWay());
            sourceAlive = world.sourceAlive();
            targetAlive = world.targetAlive();
            runsAtSource = world.runsAtSource();
            runsAtTarget = world.runsAtTarget();
            streamWorks = world.streamWorks();
            woken = world.woken();
            lost = world.lost();
            cancelAsked = world.cancelAsked();
            pageMissed = world.pageMissed();
            committed = world.committed();
        }

        World world() {
            return new World(
                    coordination,
                    source,
                    target,
                    List.copyOf(underWay),
                    sourceAlive,
                    targetAlive,
                    runsAtSource,
                    runsAtTarget,
                    streamWorks,
                    woken,
                    lost,
                    cancelAsked,
                    pageMissed,
                    committed);
        }

        void send(Lane lane, String word) {
            underWay.add(new Message(lane, word));
        }

        // ---- the three machines ----

        void coordinate(Coordination.Event event) {
            Coordination.Step step = Coordination.next(coordination, event);
            coordination = step.state();
            for (Coordination.Action action : step.actions()) {
                switch (action) {
                    case Coordination.Action.PrepareTarget() -> send(Lane.TO_TARGET, "prepare");
                    case Coordination.Action.StartSource() -> send(Lane.TO_SOURCE, "start");
                    case Coordination.Action.KeepAtSource(String reason) -> send(Lane.TO_SOURCE, "abort");
                    case Coordination.Action.DiscardAtTarget(String reason) -> send(Lane.TO_TARGET, "abort");
                    case Coordination.Action.GiveUpAtSource() -> send(Lane.TO_SOURCE, "give up");
                    case Coordination.Action.Commit() -> {
                        committed = true;
                        send(Lane.TO_TARGET, "take over");
                    }
                    case Coordination.Action.LoseVm(String reason) -> lost = true;
                    case Coordination.Action.WaitForHandOver(),
                            Coordination.Action.WaitForLastPages() -> {} // the deadline is one of the successors
                    case Coordination.Action.Finish(var outcome, var reason) -> {}
                }
            }
        }

        void source(SourceMigration.Event first) {
            Deque<SourceMigration.Event> events = new ArrayDeque<>(List.of(first));
            while (!events.isEmpty()) {
                SourceMigration.Step step = SourceMigration.next(source, events.poll());
                source = step.state();
                for (SourceMigration.Action action : step.actions()) {
                    switch (action) {
                        case SourceMigration.Action.SendPages(BitSet gfns) ->
                            events.add(
                                    streamWorks
                                            ? new SourceMigration.Event.PagesSent(
                                                    0, SentPages.of(gfns.cardinality(), 0))
                                            : new SourceMigration.Event.StreamLost("lost"));
                        case SourceMigration.Action.WithholdPages(BitSet gfns) ->
                            events.add(
                                    streamWorks
                                            ? new SourceMigration.Event.PagesWithheld(new BitSet())
                                            : new SourceMigration.Event.StreamLost("lost"));
                        case SourceMigration.Action.SendState(BitSet withheld) ->
                            events.add(
                                    streamWorks
                                            ? new SourceMigration.Event.StateSent(0, 1, "hash")
                                            : new SourceMigration.Event.StreamLost("lost"));
                        case SourceMigration.Action.WakeAt(long nanos) -> woken = true;
                        case SourceMigration.Action.SuspendGuest() -> {} // the answer is one of the successors
                        case SourceMigration.Action.ResumeGuest() -> runsAtSource = true;
                        case SourceMigration.Action.DestroyGuest() -> runsAtSource = false;
                        case SourceMigration.Action.HandOver handOver -> {
                            send(Lane.FROM_SOURCE, HAND_OVER + handOver.missingPages());
                            send(Lane.TO_TARGET, HAND_OVER + handOver.missingPages());
                        }
                        case SourceMigration.Action.DeliverPages(BitSet gfns, var sent, var demanded) ->
                            send(Lane.TO_TARGET, PAGE + gfns.nextSetBit(0));
                        case SourceMigration.Action.ReportBroken(String reason) -> send(Lane.FROM_SOURCE, "broken");
                        default -> {}
                    }
                }
            }
        }

        void target(TargetMigration.Event first) {
            Deque<TargetMigration.Event> events = new ArrayDeque<>(List.of(first));
            while (!events.isEmpty()) {
                TargetMigration.Step step = TargetMigration.next(target, events.poll());
                target = step.state();
                for (TargetMigration.Action action : step.actions()) {
                    switch (action) {
                        // The source hands over only what the target has applied.
                        case TargetMigration.Action.AwaitStream() ->
                            events.add(new TargetMigration.Event.StreamFinished());
                        case TargetMigration.Action.Restore() ->
                            events.add(new TargetMigration.Event.Restored("hash", withheld));
                        case TargetMigration.Action.ReportVerified(String hash) -> send(Lane.FROM_TARGET, "verified");
                        case TargetMigration.Action.ReportFailed(var hash, var reason) ->
                            send(Lane.FROM_TARGET, "not verified");
                        case TargetMigration.Action.ResumeGuest() -> runsAtTarget = true;
                        case TargetMigration.Action.AskFor(BitSet gfns, long nanos) ->
                            send(Lane.TO_SOURCE, PAGE + gfns.nextSetBit(0));
                        case TargetMigration.Action.ReportWhole() -> send(Lane.FROM_TARGET, "whole");
                        case TargetMigration.Action.LoseGuest() -> runsAtTarget = false;
                        case TargetMigration.Action.AdoptGuest() -> {}
                        case TargetMigration.Action.DiscardGuest() -> {}
                        case TargetMigration.Action.WithholdPages(BitSet gfns) -> {}
                        case TargetMigration.Action.AdmitPages(BitSet gfns) -> {}
                    }
                }
            }
        }

        void deliver(Message message) {
            underWay.remove(message);
            switch (message.lane()) {
                case FROM_SOURCE ->
                    coordinate(
                            message.word().startsWith(HAND_OVER)
                                    ? new Coordination.Event.HandOverArrived(
                                            message.word().equals(HAND_OVER + 0))
                                    : new Coordination.Event.SourceBroken("lost"));
                case FROM_TARGET ->
                    coordinate(
                            switch (message.word()) {
                                case "ready" -> new Coordination.Event.TargetReady();
                                case "verified" -> new Coordination.Event.Verified();
                                case "whole" -> new Coordination.Event.Whole();
                                default -> new Coordination.Event.NotVerified("bad");
                            });
                case TO_SOURCE -> {
                    if (sourceAlive) {
                        sourceTold(message.word());
                    }
                }
                case TO_TARGET -> {
                    if (targetAlive) {
                        targetTold(message.word());
                    }
                }
            }
        }

        private void sourceTold(String word) {
            if (word.startsWith(PAGE)) {
                source(new SourceMigration.Event.PagesWanted(page(word)));
                return;
            }
            BitSet pages = firstPages(3);
            source(
                    switch (word) {
                        case "start" -> new SourceMigration.Event.Begin(0, pages);
                        case "give up" -> new SourceMigration.Event.GivenUp();
                        default -> new SourceMigration.Event.Aborted();
                    });
        }

        private void targetTold(String word) {
            if (word.startsWith(PAGE)) {
                target(new TargetMigration.Event.PagesCome(page(word)));
                return;
            }
            if (word.startsWith(HAND_OVER)) {
                withheld = firstPages(Integer.parseInt(word.substring(HAND_OVER.length())));
                target(new TargetMigration.Event.HandOverArrived("hash"));
                return;
            }
            switch (word) {
                case "prepare" -> send(Lane.FROM_TARGET, "ready");
                case "take over" -> target(new TargetMigration.Event.TakenOver(false));
                default -> target(new TargetMigration.Event.Aborted());
            }
        }
    }

    private static BitSet firstPages(int count) {
        BitSet pages = new BitSet();
        pages.set(0, count);
        return pages;
    }

    private static BitSet page(String word) {
        BitSet page = new BitSet();
        page.set(Integer.parseInt(word.substring(PAGE.length())));
        return page;
    }

    // ---- what can happen next ----

    private static List<World> successors(World world) {
        List<World> all = new ArrayList<>();
        Set<Lane> served = new HashSet<>();
        boolean handOverUnderWay = world.underWay().stream()
                .anyMatch(message ->
                        message.lane() == Lane.FROM_SOURCE && message.word().startsWith(HAND_OVER));
        for (Message message : world.underWay()) {
            // The hand-over arrives at both ends at one virtual time, and an answer to it leaves no earlier.
            boolean tooEarly = handOverUnderWay && message.word().endsWith("verified");
            if (served.add(message.lane()) && !tooEarly) {
                Next next = new Next(world);
                next.deliver(message);
                all.add(next.world());
            }
        }
        if (world.woken() && world.sourceAlive()) {
            all.add(wake(world));
        }
        if (isSuspending(world)) {
            all.add(suspended(world));
            all.add(notSuspended(world));
        }
        if (world.coordination() instanceof Coordination.State.SourceLost && !handOverUnderWay) {
            Next next = new Next(world);
            next.coordinate(new Coordination.Event.DeadlinePassed());
            all.add(next.world());
        }
        if (world.coordination() instanceof Coordination.State.Orphaned && !lastPagesUnderWay(world)) {
            Next next = new Next(world);
            next.coordinate(new Coordination.Event.DeadlinePassed());
            all.add(next.world());
        }
        if (world.targetAlive()
                && !world.pageMissed()
                && world.target() instanceof TargetMigration.State.Fetching(var missing)) {
            Next next = new Next(world);
            next.pageMissed = true;
            BitSet last = new BitSet();
            last.set(missing.length() - 1);
            next.target(new TargetMigration.Event.PagesMissed(last, 1));
            all.add(next.world());
        }
        addFaults(world, all);
        return all;
    }

    private static boolean lastPagesUnderWay(World world) {
        return world.targetAlive()
                && world.underWay().stream()
                        .anyMatch(message -> message.lane() == Lane.TO_TARGET
                                || message.word().equals("whole"));
    }

    private static boolean isSuspending(World world) {
        return world.sourceAlive() && world.source() instanceof SourceMigration.State.Suspending;
    }

    private static World suspended(World world) {
        Next next = new Next(world);
        next.runsAtSource = false;
        next.source(new SourceMigration.Event.Suspended(1, new BitSet()));
        return next.world();
    }

    private static World notSuspended(World world) {
        Next next = new Next(world);
        next.source(new SourceMigration.Event.NotSuspended("does not take part"));
        return next.world();
    }

    private static World wake(World world) {
        Next next = new Next(world);
        next.woken = false;
        switch (world.source()) {
            case SourceMigration.State.Copying copying ->
                next.source(new SourceMigration.Event.RoundOver(1, firstPages(2)));
            case SourceMigration.State.Switching switching -> next.source(new SourceMigration.Event.FinalCopyOver(1));
            case SourceMigration.State.Pushing pushing -> next.source(new SourceMigration.Event.BurstOver(1));
            default -> {}
        }
        return next.world();
    }

    private static void addFaults(World world, List<World> all) {
        if (world.sourceAlive()) {
            Next next = new Next(world);
            next.sourceAlive = false;
            next.runsAtSource = false;
            next.streamWorks = false;
            next.underWay.removeIf(message -> message.lane() == Lane.TO_SOURCE);
            next.coordinate(new Coordination.Event.SourceDied());
            all.add(next.world());
        }
        if (world.targetAlive()) {
            Next next = new Next(world);
            next.targetAlive = false;
            next.runsAtTarget = false;
            next.streamWorks = false;
            next.underWay.removeIf(message -> message.lane() == Lane.TO_TARGET);
            next.coordinate(new Coordination.Event.TargetDied());
            all.add(next.world());
        }
        if (!world.cancelAsked()) {
            Next next = new Next(world);
            next.cancelAsked = true;
            next.coordinate(new Coordination.Event.CancelAsked());
            all.add(next.world());
        }
        if (world.streamWorks()) {
            Next next = new Next(world);
            next.streamWorks = false;
            all.add(next.world());
        }
    }

    // ---- the promise ----

    private static void checkAlways(World world) {
        assertThat(world.runsAtSource() && world.runsAtTarget())
                .as("runs twice: %s", world)
                .isFalse();
        if (world.lost()) {
            boolean toldToEnd = world.underWay().contains(new Message(Lane.TO_TARGET, "abort"));
            assertThat(world.runsAtSource() || world.runsAtTarget() && !toldToEnd)
                    .as("lost but runs: %s", world)
                    .isFalse();
            assertThat(world.sourceAlive() && (world.targetAlive() || !world.committed()))
                    .as("lost with a living owner: %s", world)
                    .isFalse();
        }
    }

    /** Nothing is under way and nothing will happen by itself. */
    private static void checkAtRest(World world) {
        if (!(world.coordination() instanceof Coordination.State.Ended(Outcome outcome))) {
            throw new AssertionError("never ends: " + world);
        }
        boolean runs = switch (outcome) {
            case COMMITTED -> world.runsAtTarget() || !world.targetAlive();
            case CANCELLED, FAILED -> world.runsAtSource() || !world.sourceAlive();
            case VM_LOST -> world.lost();
            case GUEST_ENDED -> false;
        };
        assertThat(runs).as("nobody runs it: %s", world).isTrue();
        if (outcome == Outcome.COMMITTED && world.targetAlive()) {
            assertThat(world.target()).as("lacks pages: %s", world).isEqualTo(new TargetMigration.State.Owner());
        }
        if (outcome == Outcome.COMMITTED && world.sourceAlive()) {
            assertThat(world.source())
                    .as("left behind: %s", world)
                    .isEqualTo(new SourceMigration.State.Ended(SourceMigration.Outcome.GIVEN_UP));
        }
    }

    private static boolean atRest(World world) {
        return world.underWay().isEmpty()
                && !(world.woken() && world.sourceAlive())
                && !isSuspending(world)
                && !(world.coordination() instanceof Coordination.State.SourceLost)
                && !(world.coordination() instanceof Coordination.State.Orphaned);
    }

    @ParameterizedTest
    @EnumSource(
            value = MigrationAlgorithm.class,
            names = {"PRE_COPY", "POST_COPY", "HYBRID"})
    void everyOrderOfEventsKeepsTheVmAtExactlyOneSide(MigrationAlgorithm algorithm) {
        Next first = new Next(new World(
                new Coordination.State.Queued(),
                new SourceMigration.State.Ready(plan(algorithm)),
                new TargetMigration.State.Receiving(),
                List.of(),
                true,
                true,
                true,
                false,
                true,
                false,
                false,
                false,
                false,
                false));
        first.coordinate(new Coordination.Event.Begin());
        Set<World> seen = new HashSet<>();
        Deque<World> open = new ArrayDeque<>(List.of(first.world()));
        int rests = 0;
        while (!open.isEmpty()) {
            World world = open.poll();
            if (!seen.add(world)) {
                continue;
            }
            checkAlways(world);
            if (atRest(world)) {
                checkAtRest(world);
                rests++;
            }
            open.addAll(successors(world));
        }
        System.out.println("HandOverModelTest: " + algorithm + ": " + seen.size() + " worlds, " + rests + " at rest");
        assertThat(seen.size()).isGreaterThan(400);
    }
}
