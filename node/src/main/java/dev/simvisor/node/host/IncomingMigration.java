package dev.simvisor.node.host;

import com.google.protobuf.ByteString;
import dev.simvisor.node.host.transfer.PageRuns;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.host.transfer.TransferBroken;
import dev.simvisor.node.vmm.Stalls;
import dev.simvisor.node.vmm.StateRefused;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.node.vmm.migration.TargetMigration;
import dev.simvisor.node.vmm.migration.TargetMigration.Action;
import dev.simvisor.node.vmm.migration.TargetMigration.Event;
import dev.simvisor.node.vmm.migration.TargetMigration.State;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.node.HandOver;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.IncomingVerified;
import dev.simvisor.proto.node.IncomingWhole;
import dev.simvisor.proto.node.PageRequest;
import dev.simvisor.proto.node.PagesPushed;
import dev.simvisor.proto.node.PrepareIncoming;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Carries out what {@link TargetMigration} decides, for a VM that is coming to this host. */
final class IncomingMigration {
    private final HostContext host;
    private final PrepareIncoming order;
    private final VirtualMachine vm;
    private final PageStreams.Incoming stream;
    private State state = new State.Receiving();
    private PageStreams.Arrival arrival = new PageStreams.Arrival(ByteString.EMPTY, new BitSet());
    private final PostCopyReport.Builder postCopy = PostCopyReport.newBuilder();
    private long resumedNanos;

    IncomingMigration(HostContext host, PrepareIncoming order, VirtualMachine vm, PageStreams streams) {
        this.host = host;
        this.order = order;
        this.vm = vm;
        this.stream = streams.expect(order.getMigration(), vm.machine());
    }

    String vmName() {
        return vm.name();
    }

    /** Whether the VM is one of this host's, but lacks pages. */
    boolean isFetching() {
        return state instanceof State.Fetching;
    }

    /** Whether this host has nothing more to do with the migration. */
    boolean hasEnded() {
        return state instanceof State.Owner || state instanceof State.Discarded;
    }

    void handOver(HandOver message) throws InterruptedException {
        handle(new Event.HandOverArrived(message.getStateHash()));
    }

    void pagesPushed(PagesPushed message) throws InterruptedException {
        BitSet gfns = PageRuns.toSet(message.getRunsList(), vm.machine().pages().endFrame());
        int pages = gfns.cardinality();
        postCopy.setPushedPages(postCopy.getPushedPages() + (message.getDemanded() ? 0 : pages))
                .setDemandedPages(postCopy.getDemandedPages() + (message.getDemanded() ? pages : 0))
                .setZeroPages(postCopy.getZeroPages() + message.getZeroPages())
                .setBytes(postCopy.getBytes() + message.getBytes());
        handle(new Event.PagesCome(gfns));
    }

    /** Asks for what the guest has come to wait for. */
    void askForMissedPages() throws InterruptedException {
        if (isFetching()) {
            BitSet missed = vm.takeMissed();
            if (!missed.isEmpty()) {
                handle(new Event.PagesMissed(missed, vm.missedNanos()));
            }
        }
    }

    void guestEnded() throws InterruptedException {
        handle(new Event.GuestEnded());
    }

    void takeOver(boolean paused) throws InterruptedException {
        handle(new Event.TakenOver(paused));
    }

    void abort() throws InterruptedException {
        handle(new Event.Aborted());
    }

    /** The host dies, and with it what has arrived. */
    void cut() {
        stream.close();
        if (!isFetching()) {
            vm.close();
        }
    }

    private void handle(Event first) throws InterruptedException {
        Deque<Event> events = new ArrayDeque<>();
        events.add(first);
        while (!events.isEmpty()) {
            TargetMigration.Step step = TargetMigration.next(state, events.poll());
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
            case Action.AwaitStream() -> {
                return awaitStream();
            }
            case Action.Restore() -> {
                return restore();
            }
            case Action.ReportVerified(String hash) -> report(hash, "");
            case Action.ReportFailed(String hash, String reason) -> report(hash, reason);
            case Action.AdoptGuest() -> {
                stream.close();
                host.takeDisks(vm);
                host.adopt(vm);
                host.arrived(vm);
                resumedNanos = host.nowNanos();
            }
            case Action.ResumeGuest() -> {
                BugContainment.contain(vm, arrived -> arrived.resume(host.nowNanos()));
                host.reschedule();
            }
            case Action.DiscardGuest() -> {
                stream.close();
                vm.close();
            }
            case Action.WithholdPages(BitSet gfns) -> vm.withhold(gfns);
            case Action.AskFor(BitSet gfns, long nanos) -> askFor(gfns, nanos);
            case Action.AdmitPages(BitSet gfns) -> {
                if (vm.come(gfns, host.nowNanos())) {
                    host.reschedule();
                }
            }
            case Action.ReportWhole() -> reportWhole();
            case Action.LoseGuest() -> host.destroy(vm);
        }
        return null;
    }

    private Event awaitStream() throws InterruptedException {
        try {
            arrival = stream.await();
            return new Event.StreamFinished();
        } catch (TransferBroken e) {
            return new Event.StreamBroken(e.reason());
        }
    }

    private Event restore() {
        try {
            vm.admit(arrival.deviceState());
            return new Event.Restored(vm.stateHash(), arrival.withheld());
        } catch (StateRefused e) {
            return new Event.RestoreFailed(String.valueOf(e.getMessage()));
        }
    }

    private void askFor(BitSet gfns, long nanos) {
        PageRequest.Builder request =
                PageRequest.newBuilder().setMigration(order.getMigration()).addAllRuns(PageRuns.of(gfns));
        host.tellHost(
                order.getSource(),
                nanos,
                order.getPath().getLatencyNanos(),
                HostMessage.newBuilder().setPageRequest(request));
    }

    private void reportWhole() {
        Stalls stalls = vm.stalls();
        postCopy.setMissingPages(arrival.withheld().cardinality())
                .setStalls(stalls.count())
                .setStallNanos(stalls.nanos())
                .setLongestStallNanos(stalls.longestNanos())
                .setDurationNanos(host.nowNanos() - resumedNanos);
        host.tellController(HostMessage.newBuilder()
                .setWhole(IncomingWhole.newBuilder()
                        .setMigration(order.getMigration())
                        .setPostCopy(postCopy)));
    }

    private void report(String hash, String failure) {
        host.tellController(HostMessage.newBuilder()
                .setVerified(IncomingVerified.newBuilder()
                        .setMigration(order.getMigration())
                        .setStateHash(hash)
                        .setFailure(failure)));
    }
}
