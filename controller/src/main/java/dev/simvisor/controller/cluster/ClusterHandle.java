package dev.simvisor.controller.cluster;

import com.google.protobuf.ByteString;
import dev.simvisor.controller.cluster.TimeKeeper.Command;
import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.proto.api.ArrivalRequest;
import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.DrainHostRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostLoss;
import dev.simvisor.proto.api.HostRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.JournalEntry;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationRequest;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.SnapshotVmRequest;
import dev.simvisor.proto.api.SnapshotVmResponse;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.TypeRequest;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** {@link ClusterControl} by messages to the time keeper. */
final class ClusterHandle implements ClusterControl {
    /** What a command does with the cluster and whom it answers. */
    @FunctionalInterface
    private interface Request<T> {
        void accept(ClusterState state, CompletableFuture<T> answer) throws Refusal;
    }

    private final ActorRef<Command> keeper;
    private final OptionalLong atNanos;

    ClusterHandle(ActorRef<Command> keeper) {
        this(keeper, OptionalLong.empty());
    }

    private ClusterHandle(ActorRef<Command> keeper, OptionalLong atNanos) {
        this.keeper = keeper;
        this.atNanos = atNanos;
    }

    @Override
    public ClusterControl at(long virtualNanos) {
        return new ClusterHandle(keeper, OptionalLong.of(virtualNanos));
    }

    private void send(Consumer<TimeKeeper> what) {
        keeper.tell(
                atNanos.isPresent()
                        ? new Command.DoAt(atNanos.getAsLong(), Agenda.Rank.COMMAND, what)
                        : new Command.Do(what));
    }

    private <T> CompletableFuture<T> request(Request<T> request) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        send(timeKeeper -> {
            try {
                request.accept(timeKeeper.state(), answer);
            } catch (Refusal e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    /** A request that changes something, unless it is refused, and so is taken down in the journal. */
    private <T> CompletableFuture<T> command(JournalEntry.Builder entry, Request<T> request) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        send(timeKeeper -> {
            try {
                request.accept(timeKeeper.state(), answer);
                timeKeeper.journal(entry);
            } catch (Refusal e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    private static VmRequest vm(String name) {
        return VmRequest.newBuilder().setVm(name).build();
    }

    private static HostRequest host(String name) {
        return HostRequest.newBuilder().setHost(name).build();
    }

    private static JournalEntry.Builder entry() {
        return JournalEntry.newBuilder();
    }

    private <T> CompletableFuture<T> look(Function<TimeKeeper, T> what) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Consumer<TimeKeeper> looking = timeKeeper -> answer.complete(what.apply(timeKeeper));
        if (atNanos.isPresent()) {
            send(looking);
        } else {
            keeper.tell(new Command.Look(looking));
        }
        return answer;
    }

    // ---- time ----

    @Override
    public CompletableFuture<Void> start() {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        keeper.tell(new Command.Look(timeKeeper -> timeKeeper.start(answer)));
        return answer;
    }

    @Override
    public CompletableFuture<Void> hold() {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        send(timeKeeper -> {
            timeKeeper.hold();
            answer.complete(null);
        });
        return answer;
    }

    @Override
    public CompletableFuture<Void> reached() {
        return request((state, answer) -> answer.complete(null));
    }

    @Override
    public void pace(double virtualPerWallSecond) {
        keeper.tell(new Command.Look(timeKeeper -> timeKeeper.pace(virtualPerWallSecond)));
    }

    @Override
    public CompletableFuture<Void> journalTo(Path file) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        keeper.tell(new Command.Look(timeKeeper -> {
            try {
                timeKeeper.journalTo(file);
                answer.complete(null);
            } catch (IOException e) {
                answer.completeExceptionally(e);
            }
        }));
        return answer;
    }

    @Override
    public Subscription measure(long everyNanos, long untilNanos, Consumer<Measurement> listener) {
        AtomicBoolean ended = new AtomicBoolean();
        CompletableFuture<Subscription> inner = new CompletableFuture<>();
        send(timeKeeper -> inner.complete(
                ended.get() ? () -> {} : timeKeeper.measure(everyNanos, untilNanos, unlessEnded(ended, listener))));
        return ending(ended, inner);
    }

    // ---- hosts ----

    @Override
    public CompletableFuture<Host> defineHost(HostSpec spec) {
        CompletableFuture<Host> answer = new CompletableFuture<>();
        send(timeKeeper -> {
            try {
                timeKeeper.state().addHost(spec).whenUp.add(answer);
                timeKeeper.assignWaiting();
            } catch (Refusal e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    @Override
    public CompletableFuture<Host> drain(String host, MigrationParameters parameters) {
        return command(
                entry().setDrain(DrainHostRequest.newBuilder().setHost(host).setParameters(parameters)),
                (state, answer) -> state.drain(host, parameters, answer));
    }

    @Override
    public CompletableFuture<Host> failHost(String host) {
        return command(entry().setFailHost(host(host)), (state, answer) -> answer.complete(state.failHost(host)));
    }

    @Override
    public void loseHost(HostLoss loss) {
        Consumer<TimeKeeper> death = timeKeeper -> timeKeeper.lose(loss);
        if (atNanos.isEmpty()) {
            send(death);
            return;
        }
        if (loss.getSinceNanos() < atNanos.getAsLong()) {
            keeper.tell(new Command.DoAt(
                    loss.getSinceNanos(), Agenda.Rank.COMMAND, timeKeeper -> timeKeeper.freeze(loss.getHost())));
        }
        keeper.tell(new Command.DoAt(atNanos.getAsLong(), Agenda.Rank.DEATH, death));
    }

    @Override
    public CompletableFuture<Host> recoverHost(String host) {
        return command(entry().setRecoverHost(host(host)), (state, answer) -> state.recoverHost(host, answer));
    }

    // ---- VMs ----

    @Override
    public CompletableFuture<Vm> createVm(CreateVmRequest request) {
        return command(entry().setCreateVm(request), (state, answer) -> state.createVm(request, answer));
    }

    @Override
    public CompletableFuture<Vm> arrive(ArrivalRequest request) {
        return command(
                entry().setArrive(request), (state, answer) -> state.arrivals().arrive(request, answer));
    }

    @Override
    public CompletableFuture<Vm> pause(String vm) {
        return command(entry().setPause(vm(vm)), (state, answer) -> state.pause(vm, answer));
    }

    @Override
    public CompletableFuture<Vm> resume(String vm) {
        return command(entry().setResume(vm(vm)), (state, answer) -> state.resume(vm, answer));
    }

    @Override
    public CompletableFuture<Vm> stop(String vm) {
        return command(entry().setStop(vm(vm)), (state, answer) -> state.stop(vm, answer));
    }

    @Override
    public CompletableFuture<Void> type(String vm, byte[] bytes) {
        byte[] copy = bytes.clone();
        TypeRequest.Builder type = TypeRequest.newBuilder().setVm(vm).setBytes(ByteString.copyFrom(copy));
        return command(entry().setType(type), (state, answer) -> {
            state.type(vm, copy);
            answer.complete(null);
        });
    }

    @Override
    public CompletableFuture<SnapshotVmResponse> snapshot(String vm, String file) {
        return command(
                entry().setSnapshot(SnapshotVmRequest.newBuilder().setVm(vm).setFile(file)),
                (state, answer) -> state.snapshot(vm, file, answer));
    }

    @Override
    public CompletableFuture<Vm> restore(RestoreVmRequest request) {
        return command(entry().setRestore(request), (state, answer) -> state.restore(request, answer));
    }

    @Override
    public CompletableFuture<Vm> cloneVm(CloneVmRequest request) {
        return command(
                entry().setClone(request), (state, answer) -> state.clones().begin(request, answer));
    }

    @Override
    public CompletableFuture<StateHashResponse> stateHash(String vm) {
        return request((state, answer) -> state.stateHash(vm, answer));
    }

    // ---- migrations ----

    @Override
    public CompletableFuture<MigrationReport> migrate(MigrateRequest request) {
        return command(entry().setMigrate(request), (state, answer) -> answer.complete(state.migrate(request)));
    }

    @Override
    public CompletableFuture<MigrationReport> migrationEnd(long number) {
        CompletableFuture<MigrationReport> answer = new CompletableFuture<>();
        keeper.tell(new Command.Look(timeKeeper -> {
            try {
                Migrations.Entry entry = timeKeeper.state().migration(number);
                if (entry.hasEnded()) {
                    answer.complete(entry.report.build());
                } else {
                    entry.whenEnded.add(answer);
                }
            } catch (Refusal e) {
                answer.completeExceptionally(e);
            }
        }));
        return answer;
    }

    @Override
    public CompletableFuture<MigrationReport> cancelMigration(long number) {
        return command(
                entry().setCancelMigration(MigrationRequest.newBuilder().setNumber(number)),
                (state, answer) -> answer.complete(state.cancel(number)));
    }

    // ---- looking ----

    @Override
    public CompletableFuture<ClusterStatus> status() {
        return look(TimeKeeper::status);
    }

    @Override
    public CompletableFuture<List<Host>> hosts() {
        return look(timeKeeper -> timeKeeper.state().hosts().values().stream()
                .map(HostEntry::view)
                .toList());
    }

    @Override
    public CompletableFuture<List<Vm>> vms() {
        return look(timeKeeper ->
                timeKeeper.state().vms().values().stream().map(VmEntry::view).toList());
    }

    @Override
    public CompletableFuture<List<MigrationReport>> migrations() {
        return look(timeKeeper -> timeKeeper.state().migrations().reports());
    }

    @Override
    public CompletableFuture<List<String>> nodes() {
        return look(TimeKeeper::nodeNames);
    }

    @Override
    public Subscription watch(long fromNumber, Consumer<Event> listener) {
        return subscribe(
                ended -> timeKeeper -> timeKeeper.state().events().listen(fromNumber, unlessEnded(ended, listener)));
    }

    @Override
    public Subscription console(String vm, boolean fromStart, Consumer<ConsoleOutput> listener, Runnable whenEnded) {
        return subscribe(ended -> timeKeeper -> {
            VmEntry entry = timeKeeper.state().vms().get(vm);
            if (entry == null) {
                whenEnded.run();
                return () -> {};
            }
            return entry.console.listen(fromStart, unlessEnded(ended, listener), whenEnded);
        });
    }

    private Subscription subscribe(Function<AtomicBoolean, Function<TimeKeeper, Subscription>> listening) {
        AtomicBoolean ended = new AtomicBoolean();
        CompletableFuture<Subscription> inner = new CompletableFuture<>();
        keeper.tell(new Command.Look(
                timeKeeper -> inner.complete(listening.apply(ended).apply(timeKeeper))));
        return ending(ended, inner);
    }

    private static <T> Consumer<T> unlessEnded(AtomicBoolean ended, Consumer<T> listener) {
        return heard -> {
            if (!ended.get()) {
                listener.accept(heard);
            }
        };
    }

    private Subscription ending(AtomicBoolean ended, CompletableFuture<Subscription> inner) {
        return () -> {
            ended.set(true);
            keeper.tell(new Command.Look(timeKeeper -> inner.thenAccept(Subscription::close)));
        };
    }

    @Override
    public void close() {
        keeper.tell(new Command.Shutdown());
    }
}
