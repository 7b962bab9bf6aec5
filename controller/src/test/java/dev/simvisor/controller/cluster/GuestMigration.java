package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;

import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.VmSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** One scenario, to be run in clusters of different shapes: the built-in guest moves while it ticks and writes to memory. */
final class GuestMigration {
    private static final String LOAD = "run=\"dirty 4 8; ticker 12 100\"";

    /** All that must be the same wherever it runs. */
    record Outcome(String console, MigrationReport report, String finalHash) {}

    private GuestMigration() {}

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

    /** @param options all but the downtime limit */
    static Outcome run(
            ClusterControl cluster, String firstNode, String secondNode, String mode, MigrationParameters options) {
        get(cluster.defineHost(host("h1", firstNode, mode)));
        get(cluster.defineHost(host("h2", secondNode, mode)));
        List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
        cluster.at(0).createVm(guest("a", "h1", mode));
        cluster.at(2 * MILLI).reached().thenRun(() -> cluster.console("a", true, said::add, () -> {}));
        CompletableFuture<MigrationReport> accepted = cluster.at(500 * MILLI)
                .migrate(MigrateRequest.newBuilder()
                        .setVm("a")
                        .setTarget("h2")
                        .setParameters(options.toBuilder().setDowntimeLimitNanos(20 * MILLI))
                        .build());
        CompletableFuture<StateHashResponse> hash = cluster.at(2 * SECOND).stateHash("a");
        CompletableFuture<Void> held = cluster.at(2 * SECOND + 5 * MILLI).hold();
        get(cluster.start());
        MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
        String finalHash = get(hash).getStateHash();
        get(held);
        StringBuilder text = new StringBuilder();
        said.forEach(piece -> text.append(piece.getBytes().toStringUtf8()));
        return new Outcome(text.toString(), LiveMigrationTest.withoutWallClock(report), finalHash);
    }
}
