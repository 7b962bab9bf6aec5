package dev.simvisor.node.host;

import com.google.protobuf.ByteString;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.host.transfer.TransferBroken;
import dev.simvisor.node.vmm.StateRefused;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.node.vmm.migration.TargetMigration;
import dev.simvisor.node.vmm.migration.TargetMigration.Action;
import dev.simvisor.node.vmm.migration.TargetMigration.Event;
import dev.simvisor.node.vmm.migration.TargetMigration.State;
import dev.simvisor.proto.node.HandOver;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.IncomingVerified;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Carries out what {@link TargetMigration} decides, for a VM that is coming to this host. */
final class IncomingMigration {
    private final HostContext host;
    private final long number;
    private final VirtualMachine vm;
    private final PageStreams.Incoming stream;
    private State state = new State.Receiving();
    private ByteString savedState = ByteString.EMPTY;

    IncomingMigration(HostContext host, long number, VirtualMachine vm, PageStreams streams) {
        this.host = host;
        this.number = number;
        this.vm = vm;
        this.stream = streams.expect(number, vm.machine());
    }

    /** Whether this host has nothing more to do with the migration. */
    boolean hasEnded() {
        return state instanceof State.Owner || state instanceof State.Discarded;
    }

    void handOver(HandOver message) throws InterruptedException {
        handle(new Event.HandOverArrived(message.getStateHash()));
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
        vm.close();
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
                host.adopt(vm);
            }
            case Action.ResumeGuest() -> {
                vm.resume(host.nowNanos());
                host.reschedule();
            }
            case Action.DiscardGuest() -> {
                stream.close();
                vm.close();
            }
        }
        return null;
    }

    private Event awaitStream() throws InterruptedException {
        try {
            savedState = stream.await();
            return new Event.StreamFinished();
        } catch (TransferBroken e) {
            return new Event.StreamBroken(e.reason());
        }
    }

    private Event restore() {
        try {
            vm.admit(savedState);
            return new Event.Restored(vm.stateHash());
        } catch (StateRefused e) {
            return new Event.RestoreFailed(String.valueOf(e.getMessage()));
        }
    }

    private void report(String hash, String failure) {
        host.tellController(HostMessage.newBuilder()
                .setVerified(IncomingVerified.newBuilder()
                        .setMigration(number)
                        .setStateHash(hash)
                        .setFailure(failure)));
    }
}
