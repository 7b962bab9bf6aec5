package dev.simvisor.controller.cluster;

import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.proto.api.ArrivalRequest;
import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostLoss;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.SnapshotVmResponse;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Everything one can do with a cluster. May be used by any thread; no call waits.
 *
 * <p>A command takes effect at the start of the next window, or, through {@link #at}, at an exact virtual time. Its future
 * completes when the answer is there, exceptionally with a {@link Refusal} when the request cannot be granted. Futures and
 * listeners are called by the time keeper's thread: whoever does more than a little there moves it elsewhere.
 */
public interface ClusterControl extends AutoCloseable {
    /** Ends a subscription; nothing is delivered once it has returned, but for what is being delivered. */
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * The same cluster, with every command taking effect exactly at a virtual time. Commands of equal times take effect in the
     * order in which they were given. A time that has passed means now.
     */
    ClusterControl at(long virtualNanos);

    // ---- time ----

    /** Lets virtual time run, once all hosts defined so far are up; completes when it does. */
    CompletableFuture<Void> start();

    /** Lets virtual time stand from then on, until {@link #start}; completes when it does. */
    CompletableFuture<Void> hold();

    /** Completes when virtual time, as a command given through {@link #at}, has come; use it to wait. */
    CompletableFuture<Void> reached();

    /** Virtual seconds per wall second; 0 for as fast as it goes. */
    void pace(double virtualPerWallSecond);

    /**
     * Writes every command that is granted from now on, with the virtual time at which it takes effect, to a file that
     * {@link Replay#read} understands. Fails with an {@link java.io.IOException} when the file cannot be written.
     */
    CompletableFuture<Void> journalTo(Path file);

    /**
     * Measures the cluster from the start of the next window on, every so often and a last time at {@code untilNanos}, if it is not
     * ended before. A measurement ends before what happens at its end. Nothing in the simulation changes by it: while virtual time
     * runs as fast as it goes and nothing else is due, it stands, and nothing is measured.
     */
    Subscription measure(long everyNanos, long untilNanos, Consumer<Measurement> listener);

    // ---- hosts ----

    /** Adds a host, on the node that its spec names or on the one with the fewest; completes when it is up. */
    CompletableFuture<Host> defineHost(HostSpec spec);

    /**
     * Migrates all VMs of a host away; completes when none is left, with a refusal when one stays because no host has
     * room or its migration fails.
     */
    CompletableFuture<Host> drain(String host, MigrationParameters parameters);

    /** The host dies. */
    CompletableFuture<Host> failHost(String host);

    /** The host dies as it died with its node in a run that is replayed: before all else that happens at that time. */
    void loseHost(HostLoss loss);

    /** A failed host comes up again, empty; a drained one takes VMs again. */
    CompletableFuture<Host> recoverHost(String host);

    // ---- VMs ----

    CompletableFuture<Vm> createVm(CreateVmRequest request);

    /**
     * A VM comes, is placed or waits for room, and leaves by itself. Completes when it is there, with a refusal when it has
     * waited in vain or can never be there.
     */
    CompletableFuture<Vm> arrive(ArrivalRequest request);

    CompletableFuture<Vm> pause(String vm);

    CompletableFuture<Vm> resume(String vm);

    CompletableFuture<Vm> stop(String vm);

    /** Types on a VM's console; completes when it is on its way to the host. */
    CompletableFuture<Void> type(String vm, byte[] bytes);

    CompletableFuture<SnapshotVmResponse> snapshot(String vm, String file);

    CompletableFuture<Vm> restore(RestoreVmRequest request);

    /** Completes when there is a second VM; nothing has become of the first. */
    CompletableFuture<Vm> cloneVm(CloneVmRequest request);

    CompletableFuture<StateHashResponse> stateHash(String vm);

    // ---- migrations ----

    /** Completes when the migration is accepted; {@link #migrationEnd} waits for its end. */
    CompletableFuture<MigrationReport> migrate(MigrateRequest request);

    /** Completes with the last report of a migration, however it ended. */
    CompletableFuture<MigrationReport> migrationEnd(long number);

    /** Refused once the VM has been handed over. */
    CompletableFuture<MigrationReport> cancelMigration(long number);

    // ---- looking ----

    CompletableFuture<ClusterStatus> status();

    CompletableFuture<List<Host>> hosts();

    CompletableFuture<List<Vm>> vms();

    CompletableFuture<List<MigrationReport>> migrations();

    /** Names of the nodes that have joined, sorted. */
    CompletableFuture<List<String>> nodes();

    /** Events from a number on, 0 meaning only those to come. */
    Subscription watch(long fromNumber, Consumer<Event> listener);

    /** What a VM says, from its first byte on or from now on; {@code ended} is run when it can say nothing more. */
    Subscription console(String vm, boolean fromStart, Consumer<ConsoleOutput> listener, Runnable ended);

    /** Ends the cluster: all nodes end. */
    @Override
    void close();
}
