package dev.simvisor.node.host;

import com.google.protobuf.ByteString;
import dev.simvisor.node.host.transfer.PageRuns;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.host.transfer.TransferBroken;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.node.vmm.migration.MigrationPlan;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.node.vmm.migration.SourceMigration;
import dev.simvisor.node.vmm.migration.SourceMigration.Action;
import dev.simvisor.node.vmm.migration.SourceMigration.Event;
import dev.simvisor.node.vmm.migration.SourceMigration.State;
import dev.simvisor.proto.api.RoundReport;
import dev.simvisor.proto.node.HandOver;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.MigrationProgress;
import dev.simvisor.proto.node.PageRequest;
import dev.simvisor.proto.node.PagesPushed;
import dev.simvisor.proto.node.StartMigration;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Carries out what {@link SourceMigration} decides, for one VM of this host. */
final class OutgoingMigration {
    private final HostContext host;
    private final VirtualMachine vm;
    private final StartMigration order;
    private final PageStreams.Outgoing stream;
    private State state;
    private boolean resumeWhenKept;
    private boolean stateSent;
    private long lastTyped;
    private long wakes;
    private long roundWallNanos;
    private long pausedWallNanos;

    /** @param command the number of the order */
    OutgoingMigration(HostContext host, long command, VirtualMachine vm, StartMigration order, PageStreams streams) {
        this.host = host;
        this.lastTyped = command;
        this.vm = vm;
        this.order = order;
        MigrationPlan plan = MigrationPlan.of(order.getParameters(), order.getPath());
        this.state = new State.Ready(plan);
        this.stream = streams.open(order.getTransferAddress(), order.getMigration(), plan.coding());
    }

    String vmName() {
        return vm.name();
    }

    boolean hasEnded() {
        return state instanceof State.Ended;
    }

    /** From the end of the rounds on: the VM takes no orders but the controller's about this migration. */
    boolean isSwitching() {
        return switch (state) {
            case State.Suspending _, State.Switching _, State.Pushing _, State.HandedOver _ -> true;
            case State.Ready _, State.Copying _, State.Ended _ -> false;
        };
    }

    void begin() throws InterruptedException {
        handle(new Event.Begin(host.nowNanos(), vm.machine().pages().all()));
    }

    /** The VM has been given what a command to type holds; the target has to be told again what the state does not have. */
    void typed(long command) {
        if (!stateSent) {
            lastTyped = command;
        }
    }

    void guestEnded() throws InterruptedException {
        handle(new Event.GuestEnded());
    }

    void abort() throws InterruptedException {
        handle(new Event.Aborted());
    }

    /** The guest at the target waits for pages. */
    void pagesWanted(PageRequest request) throws InterruptedException {
        handle(new Event.PagesWanted(
                PageRuns.toSet(request.getRunsList(), vm.machine().pages().endFrame())));
    }

    void giveUp() throws InterruptedException {
        handle(new Event.GivenUp());
    }

    /** The host dies. */
    void cut() {
        stream.close();
    }

    /** Feeds an event, and the answers to the actions that follow from it. */
    private void handle(Event first) throws InterruptedException {
        Deque<Event> events = new ArrayDeque<>();
        events.add(first);
        while (!events.isEmpty()) {
            SourceMigration.Step step = SourceMigration.next(state, events.poll());
            state = step.state();
            for (Action action : step.actions()) {
                Event answer = perform(action);
                if (answer != null) {
                    events.add(answer);
                }
            }
        }
    }

    private @Nullable Event perform(Action action) throws InterruptedException {
        switch (action) {
            case Action.StartDirtyLog() -> vm.machine().pages().startDirtyLog();
            case Action.StopDirtyLog() -> vm.machine().pages().stopDirtyLog();
            case Action.SendPages(BitSet gfns) -> {
                return sendPages(gfns);
            }
            case Action.WithholdPages(BitSet gfns) -> {
                return withholdPages(gfns);
            }
            case Action.SendState(BitSet withheld) -> {
                return sendState(withheld);
            }
            case Action.WakeAt(long nanos) -> wakeAt(nanos);
            case Action.Throttle(int percent) -> host.throttle(vm, percent);
            case Action.SuspendGuest() -> suspendGuest();
            case Action.ResumeGuest() -> resumeGuest();
            case Action.DestroyGuest() -> host.destroy(vm);
            case Action.ReportRound(RoundReport round) -> reportRound(round);
            case Action.HandOver handOver -> handOver(handOver);
            case Action.DeliverPages(BitSet gfns, SentPages sent, boolean demanded) ->
                deliverPages(gfns, sent, demanded);
            case Action.ReportBroken(String reason) -> host.tellBroken(order.getMigration(), reason);
            case Action.CloseStream() -> stream.close();
        }
        return null;
    }

    private Event sendPages(BitSet gfns) throws InterruptedException {
        long began = System.nanoTime();
        try {
            SentPages sent = stream.send(vm.machine(), gfns);
            roundWallNanos = System.nanoTime() - began;
            return new Event.PagesSent(host.nowNanos(), sent);
        } catch (TransferBroken e) {
            return new Event.StreamLost(e.reason());
        }
    }

    private Event withholdPages(BitSet gfns) throws InterruptedException {
        try {
            return new Event.PagesWithheld(stream.sendAsTheyAre(vm.machine(), gfns));
        } catch (TransferBroken e) {
            return new Event.StreamLost(e.reason());
        }
    }

    /** Waits, in real time, until the target has applied all of it: after the hand-over it can complete without us. */
    private Event sendState(BitSet withheld) throws InterruptedException {
        ByteString saved = vm.saveForTransfer().toByteString();
        stateSent = true;
        try {
            long bytes = stream.finish(saved, withheld);
            return new Event.StateSent(host.nowNanos(), bytes, vm.stateHash());
        } catch (TransferBroken e) {
            return new Event.StreamLost(e.reason());
        }
    }

    private void wakeAt(long nanos) {
        long wake = ++wakes;
        host.at(new Due(nanos, Due.Rank.ROUND, key(), () -> wake(wake)));
    }

    private String key() {
        return String.format("%020d", order.getMigration());
    }

    private void wake(long number) throws InterruptedException {
        switch (state) {
            case State.Copying copying
            when number == wakes ->
                handle(new Event.RoundOver(host.nowNanos(), vm.machine().pages().takeDirty()));
            case State.Switching switching when number == wakes -> handle(new Event.FinalCopyOver(host.nowNanos()));
            case State.Pushing pushing when number == wakes -> handle(new Event.BurstOver(host.nowNanos()));
            default -> {} // it ended before its time came
        }
    }

    private void suspendGuest() throws InterruptedException {
        resumeWhenKept = vm.isRunning();
        Suspension.of(host, vm, key(), () -> state instanceof State.Suspending, new Suspension.Outcome() {
            @Override
            public void suspended() throws InterruptedException {
                pausedWallNanos = System.nanoTime();
                handle(new Event.Suspended(host.nowNanos(), vm.machine().pages().takeDirty()));
            }

            @Override
            public void failed(String reason) throws InterruptedException {
                handle(new Event.NotSuspended(reason));
            }
        });
    }

    private void resumeGuest() throws InterruptedException {
        host.takeDisks(vm);
        host.plug(vm);
        if (vm.isRunning()) {
            BugContainment.contain(vm, VirtualMachine::keepRunning);
        } else if (resumeWhenKept) {
            BugContainment.contain(vm, kept -> kept.resume(host.nowNanos()));
        } else {
            vm.keepPaused();
        }
        host.reschedule();
    }

    private void reportRound(RoundReport round) {
        RoundReport withWall = round.toBuilder().setWallNanos(roundWallNanos).build();
        host.tellController(HostMessage.newBuilder()
                .setProgress(MigrationProgress.newBuilder()
                        .setMigration(order.getMigration())
                        .setRound(withWall)));
    }

    private void handOver(Action.HandOver action) {
        HandOver handOver = HandOver.newBuilder()
                .setMigration(order.getMigration())
                .setStateHash(action.stateHash())
                .setSwitchOverCause(action.cause().label())
                .setPausedNanos(action.pausedNanos())
                .setFinalCopyNanos(action.finalCopyNanos())
                .setWallPausedNanos(System.nanoTime() - pausedWallNanos)
                .setLastTyped(lastTyped)
                .setMissingPages(action.missingPages())
                .build();
        tellTarget(HostMessage.newBuilder().setHandOver(handOver));
        host.unplug(vm);
        if (action.missingPages() > 0) {
            vm.machine().releaseDisks(); // what is left of it here for their sake needs none
        }
    }

    private void deliverPages(BitSet gfns, SentPages sent, boolean demanded) {
        host.sent(sent.wireBytes());
        PagesPushed.Builder pushed = PagesPushed.newBuilder()
                .setMigration(order.getMigration())
                .setZeroPages(sent.zeros())
                .setBytes(sent.wireBytes())
                .setDemanded(demanded)
                .addAllRuns(PageRuns.of(gfns));
        tellTarget(HostMessage.newBuilder().setPagesPushed(pushed));
    }

    private void tellTarget(HostMessage.Builder message) {
        host.tellHost(order.getTarget(), host.nowNanos(), order.getPath().getLatencyNanos(), message);
    }
}
