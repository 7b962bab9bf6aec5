package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * A VM, which starts on h1, moves to h2 while it runs.
 *
 * @param guest named a
 * @param askedNanos when the migration is asked for
 * @param cancelNanos when it is cancelled; 0 is never
 * @param endNanos when the VM's state is hashed
 */
record GuestMigration(
        CreateVmRequest guest, MigrationParameters parameters, long askedNanos, long cancelNanos, long endNanos) {
    private static final String LOAD = "run=\"dirty 4 8; ticker 12 100\"";

    /** All that must be the same wherever it runs. */
    record Outcome(String console, MigrationReport report, String finalHash) {
        /** This one, once it is seen that the migration was completed, with the same state on both sides. */
        Outcome verified() {
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getTargetStateHash())
                    .isEqualTo(report.getSourceStateHash())
                    .isNotEmpty();
            return this;
        }
    }

    GuestMigration(CreateVmRequest guest, MigrationParameters parameters, long askedNanos, long endNanos) {
        this(guest, parameters, askedNanos, 0, endNanos);
    }

    /** Runs it in a cluster of nodes in this JVM, among toys. */
    Outcome runAmongToys(long maxWindowNanos, String... nodes) throws IOException {
        try (ToyCluster toys = ToyCluster.of(2, maxWindowNanos, nodes)) {
            return run(toys.control());
        }
    }

    /** Runs it in a cluster that has the two hosts and has not been started. */
    Outcome run(ClusterControl cluster) {
        List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
        cluster.at(0).createVm(guest);
        cluster.at(2 * MILLI).reached().thenRun(() -> cluster.console("a", true, said::add, () -> {}));
        CompletableFuture<MigrationReport> accepted = cluster.at(askedNanos)
                .migrate(MigrateRequest.newBuilder()
                        .setVm("a")
                        .setTarget("h2")
                        .setParameters(parameters)
                        .build());
        if (cancelNanos != 0) {
            accepted.thenAccept(report -> cluster.at(cancelNanos).cancelMigration(report.getNumber()));
        }
        CompletableFuture<StateHashResponse> hash = cluster.at(endNanos).stateHash("a");
        CompletableFuture<Void> held = cluster.at(endNanos + 5 * MILLI).hold();
        get(cluster.start());
        MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
        String finalHash = get(hash).getStateHash();
        get(held);
        String console =
                said.stream().map(piece -> piece.getBytes().toStringUtf8()).collect(Collectors.joining());
        return new Outcome(console, LiveMigrationTest.withoutWallClock(report), finalHash);
    }

    // ---- the built-in guest, which ticks and writes to memory

    static CreateVmRequest guest(String name, String host) {
        return guest(name, host, "bare");
    }

    static CreateVmRequest guest(String name, String host, String mode) {
        return CreateVmRequest.newBuilder()
                .setHost(host)
                .setSpec(VmSpec.newBuilder()
                        .setName(name)
                        .setMode(mode)
                        .setMemoryBytes(16 << 20)
                        .setBoot(Boot.newBuilder()
                                .setBuiltIn(BuiltInGuest.newBuilder().setCommandLine(LOAD))))
                .build();
    }

    static HostSpec host(String name, String node) {
        return host(name, node, "bare");
    }

    static HostSpec host(String name, String node, String mode) {
        return ToyCluster.host(name).toBuilder().setNode(node).addModes(mode).build();
    }

    static Outcome run(ClusterControl cluster, String firstNode, String secondNode) {
        return run(cluster, firstNode, secondNode, "bare");
    }

    static Outcome run(ClusterControl cluster, String firstNode, String secondNode, String mode) {
        return run(cluster, firstNode, secondNode, mode, MigrationParameters.getDefaultInstance());
    }

    /** @param options with a downtime limit of 20 ms, if they have none */
    static Outcome run(
            ClusterControl cluster, String firstNode, String secondNode, String mode, MigrationParameters options) {
        get(cluster.defineHost(host("h1", firstNode, mode)));
        get(cluster.defineHost(host("h2", secondNode, mode)));
        MigrationParameters parameters = MigrationParameters.newBuilder()
                .setDowntimeLimitNanos(20 * MILLI)
                .mergeFrom(options)
                .build();
        return new GuestMigration(guest("a", "h1", mode), parameters, 500 * MILLI, 2 * SECOND).run(cluster);
    }
}
