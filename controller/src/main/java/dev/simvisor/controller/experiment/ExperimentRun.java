package dev.simvisor.controller.experiment;

import com.google.protobuf.ByteString;
import dev.simvisor.config.Action;
import dev.simvisor.config.ArrivalProcess;
import dev.simvisor.config.Experiment;
import dev.simvisor.config.VmDefinition;
import dev.simvisor.config.VmType;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Refusal;
import dev.simvisor.controller.experiment.Outcome.FinalVm;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.controller.progress.Progress;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.proto.api.ArrivalRequest;
import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One run of a scenario on a cluster that has no hosts yet and whose time stands. */
public final class ExperimentRun {
    private static final int LOOK_MILLIS = 200;

    private final Experiment experiment;
    private final ClusterControl cluster;
    private final Map<String, VmSpec> specs = new LinkedHashMap<>();
    private final ArrivalBook arrivals;
    private final long endNanos;

    // Written by the time keeper's thread until the run is over.
    private final SortedMap<String, ByteString> consoles = new TreeMap<>();
    private final List<Event> events = new ArrayList<>();
    /** Of those that are told of and those that are not. */
    private long lastEventNanos;

    private final List<Measurement> measurements = new ArrayList<>();
    private final CompletableFuture<Void> failure = new CompletableFuture<>();
    /** All hosts are up: from now on no node may come or go. */
    private volatile boolean hostsAreUp;

    /**
     * A run to come.
     *
     * @throws GuestException when a guest must be fetched first
     * @throws IOException when a guest's kernel cannot be read
     * @throws ExperimentFailed when there is no end of arrivals
     */
    public ExperimentRun(Experiment experiment, ClusterControl cluster, GuestCache guests)
            throws GuestException, IOException, ExperimentFailed {
        this.experiment = experiment;
        this.cluster = cluster;
        for (VmDefinition vm : experiment.vms()) {
            specs.put(vm.name(), Specs.vm(vm.name(), vm.type(), guests));
        }
        this.arrivals = new ArrivalBook(ArrivalPlan.of(experiment));
        Map<VmType, VmSpec> kinds = new HashMap<>();
        for (PlannedArrival arrival : arrivals.planned()) {
            VmSpec kind = kinds.get(arrival.type());
            if (kind == null) {
                kind = Specs.vm(arrival.vm(), arrival.type(), guests);
                kinds.put(arrival.type(), kind);
            }
            specs.put(arrival.vm(), kind.toBuilder().setName(arrival.vm()).build());
        }
        this.endNanos = experiment.actions().getLast().at().nanos();
    }

    /**
     * Runs it to its end; virtual time stands then, or is about to.
     *
     * @param progress told how far virtual time has come
     */
    public Outcome run(Progress progress) throws ExperimentFailed, InterruptedException {
        long startedNanos = System.nanoTime();
        cluster.watch(1, this::happened);
        List<CompletableFuture<?>> hosts = new ArrayList<>();
        experiment.topology().hosts().forEach(host -> hosts.add(cluster.defineHost(Specs.host(host))));
        get(CompletableFuture.allOf(hosts.toArray(CompletableFuture[]::new)));
        hostsAreUp = true;
        experiment
                .metrics()
                .ifPresent(metrics -> cluster.measure(metrics.every().nanos(), endNanos, measurements::add));
        experiment.actions().forEach(this::schedule);
        arrivals.planned().forEach(this::schedule);

        ClusterControl atEnd = cluster.at(endNanos);
        CompletableFuture<List<MigrationReport>> migrations = atEnd.migrations();
        CompletableFuture<List<Vm>> vms = atEnd.vms();
        Map<String, CompletableFuture<StateHashResponse>> hashes = new LinkedHashMap<>();
        specs.keySet().forEach(vm -> hashes.put(vm, atEnd.stateHash(vm)));

        cluster.start();
        List<Vm> lastVms = follow(vms, progress);
        SortedMap<String, FinalVm> finalVms = new TreeMap<>();
        for (Vm vm : lastVms) {
            String name = vm.getSpec().getName();
            finalVms.put(name, new FinalVm(vm, stateHash(Objects.requireNonNull(hashes.get(name)))));
        }
        get(cluster.hold());
        Map<String, Vm> vmsAtEnd = new HashMap<>();
        lastVms.forEach(vm -> vmsAtEnd.put(vm.getSpec().getName(), vm));
        forgetUnheard(lastVms);
        return new Outcome(
                consoles,
                List.copyOf(events),
                get(migrations),
                finalVms,
                experiment.arrivals().stream().map(ArrivalProcess::name).toList(),
                arrivals.outcomes(vmsAtEnd, endNanos),
                List.copyOf(measurements),
                endNanos,
                System.nanoTime() - startedNanos);
    }

    /** Who had not been confirmed at the end was listened to only if time ran on for long enough. */
    private void forgetUnheard(List<Vm> lastVms) {
        for (Vm vm : lastVms) {
            if (vm.getState() == VmState.VM_CREATING) {
                consoles.remove(vm.getSpec().getName());
            }
        }
    }

    // ---- actions ----

    private void schedule(Action action) {
        ClusterControl then = cluster.at(action.at().nanos());
        CompletableFuture<?> answer = switch (action) {
            case Action.Create create -> create(then, create);
            case Action.Clone clone -> clone(then, clone);
            case Action.Migrate migrate ->
                then.migrate(MigrateRequest.newBuilder()
                        .setVm(migrate.vm())
                        .setTarget(migrate.target().orElse(""))
                        .setParameters(Specs.migration(migrate.settings()))
                        .build());
            case Action.Type type -> then.type(type.vm(), type.text().getBytes(StandardCharsets.UTF_8));
            case Action.Pause pause -> then.pause(pause.vm());
            case Action.Resume resume -> then.resume(resume.vm());
            case Action.Stop stop -> then.stop(stop.vm());
            case Action.DrainHost drain -> then.drain(drain.host(), Specs.migration(drain.settings()));
            case Action.FailHost fail -> then.failHost(fail.host());
            case Action.RecoverHost recover -> then.recoverHost(recover.host());
            case Action.End _ -> then.reached();
        };
        answer.exceptionally(refused -> {
            refused(action, refused);
            return null;
        });
    }

    private CompletableFuture<Vm> create(ClusterControl then, Action.Create create) {
        String name = create.vm().name();
        CompletableFuture<Vm> created = then.createVm(CreateVmRequest.newBuilder()
                .setSpec(Objects.requireNonNull(specs.get(name)))
                .setHost(create.host().orElse(""))
                .build());
        return listenedTo(name, created);
    }

    private CompletableFuture<Vm> clone(ClusterControl then, Action.Clone clone) {
        CompletableFuture<Vm> cloned = then.cloneVm(CloneVmRequest.newBuilder()
                .setVm(clone.vm())
                .setName(clone.name())
                .setHost(clone.host().orElse(""))
                .build());
        return listenedTo(clone.name(), cloned);
    }

    private void schedule(PlannedArrival arrival) {
        CompletableFuture<Vm> answer = cluster.at(arrival.atNanos())
                .arrive(ArrivalRequest.newBuilder()
                        .setSpec(Objects.requireNonNull(specs.get(arrival.vm())))
                        .setTyped(ByteString.copyFromUtf8(arrival.text()))
                        .setLifetimeNanos(arrival.lifetimeNanos().orElse(0))
                        .setPatienceNanos(arrival.patienceNanos())
                        .build());
        listenedTo(arrival.vm(), answer).exceptionally(refused -> {
            refused(arrival, refused);
            return null;
        });
    }

    private void refused(PlannedArrival arrival, Throwable refusal) {
        Refusal.Kind kind = refusal instanceof Refusal known ? known.kind() : Refusal.Kind.INVALID;
        switch (kind) {
            case NO_ROOM, NOT_NOW ->
                happened(Event.newBuilder()
                        .setVirtualNanos(arrivals.refused(arrival))
                        .setRefusal(String.valueOf(refusal.getMessage()))
                        .build());
            case LOST -> {} // the host has died with it, and the VM's own event says so
            case NOT_FOUND, ALREADY_EXISTS, INVALID ->
                failure.completeExceptionally(new ExperimentFailed(String.valueOf(refusal.getMessage())));
        }
    }

    private CompletableFuture<Vm> listenedTo(String name, CompletableFuture<Vm> created) {
        created.thenRun(() -> cluster.console(name, true, this::said, () -> {}));
        return created;
    }

    private void refused(Action action, Throwable refusal) {
        String reason = String.valueOf(refusal.getMessage());
        // Such as that of a drain, which is one only when the last VM has not moved: with the event that told of that.
        happened(Event.newBuilder()
                .setVirtualNanos(Math.max(action.at().nanos(), lastEventNanos))
                .setRefusal(reason)
                .build());
        if (action instanceof Action.Create) {
            // Without its VM the rest of the scenario means nothing.
            failure.completeExceptionally(new ExperimentFailed("at " + action.at() + ": " + reason));
        }
    }

    // ---- what comes of them ----

    /** What nodes say about themselves, and when their hosts came up, is no part of the simulation. */
    private void happened(Event event) {
        if (event.hasNode() && hostsAreUp) {
            // A death between two windows falls on another virtual time in every run.
            failure.completeExceptionally(new ExperimentFailed(
                    event.getNode() + " before the end: that is no part of the scenario, so run it again"));
        }
        lastEventNanos = Math.max(lastEventNanos, event.getVirtualNanos());
        boolean starting = event.hasHost()
                && event.getVirtualNanos() == 0
                && (event.getHost().getState() == HostState.HOST_STARTING
                        || event.getHost().getState() == HostState.HOST_UP);
        if (!event.hasNode() && !starting && event.getVirtualNanos() <= endNanos) {
            events.add(WallClock.removedFrom(event).toBuilder()
                    .setNumber(events.size() + 1L)
                    .build());
        }
    }

    private void said(ConsoleOutput output) {
        if (output.getVirtualNanos() <= endNanos) {
            consoles.merge(output.getVm(), output.getBytes(), ByteString::concat);
        }
    }

    private Optional<String> stateHash(CompletableFuture<StateHashResponse> answer) throws InterruptedException {
        try {
            return Optional.of(answer.get().getStateHash());
        } catch (ExecutionException refused) {
            return Optional.empty(); // the VM has ended
        }
    }

    /** Waits for what is known at the end. Looking at the time meanwhile is no part of the simulation. */
    private <T> T follow(CompletableFuture<T> atEnd, Progress progress) throws ExperimentFailed, InterruptedException {
        CompletableFuture<Object> over = CompletableFuture.anyOf(atEnd, failure);
        try (Progress.Step step =
                progress.begin("virtual time", OptionalLong.of(endNanos), Progress.Unit.VIRTUAL_NANOS)) {
            while (!isOver(over)) {
                step.at(Math.min(endNanos, get(cluster.status()).getVirtualNanos()));
            }
            T answer = get(atEnd);
            step.at(endNanos);
            return answer;
        }
    }

    /** Waits until it is time to look. */
    private static boolean isOver(CompletableFuture<?> run) throws InterruptedException {
        try {
            run.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException either) {
            // Whoever wants the answer hears of a failure.
        }
        return run.isDone();
    }

    private <T> T get(CompletableFuture<T> answer) throws ExperimentFailed, InterruptedException {
        try {
            CompletableFuture.anyOf(answer, failure).get();
            if (failure.isDone()) {
                failure.get(); // time may have run on to an answer meanwhile
            }
            return answer.get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof ExperimentFailed cause) {
                throw cause;
            }
            throw new ExperimentFailed(String.valueOf(
                    failed.getCause() == null
                            ? failed.getMessage()
                            : failed.getCause().getMessage()));
        }
    }
}
