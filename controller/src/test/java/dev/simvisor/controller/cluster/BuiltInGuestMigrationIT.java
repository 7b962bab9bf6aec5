package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.BoardMachines;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.VmSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The built-in guest on the emulated processor moves between hosts while it ticks and writes to memory. */
class BuiltInGuestMigrationIT {
    private static final String LOAD = "run=\"dirty 4 8; ticker 12 100\"";

    private static CreateVmRequest guest(String name, String host) {
        return CreateVmRequest.newBuilder()
                .setHost(host)
                .setSpec(VmSpec.newBuilder()
                        .setName(name)
                        .setMemoryBytes(16 << 20)
                        .setBoot(Boot.newBuilder().setBuiltIn(BuiltInGuest.newBuilder().setCommandLine(LOAD))))
                .build();
    }

    private record Outcome(String console, List<ConsoleOutput> pieces, MigrationReport report, String hash) {}

    private static Outcome migrate(String... nodes) throws Exception {
        try (EmbeddedCluster embedded = EmbeddedCluster.start(
                List.of(nodes),
                FitPlacement.FIRST_FIT,
                spec -> new BoardMachines(spec.getMemoryBytes(), spec.getClockHz()),
                0)) {
            ClusterControl cluster = embedded.control();
            get(cluster.defineHost(slow("h1")));
            get(cluster.defineHost(slow("h2")));
            List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
            cluster.at(0).createVm(guest("a", "h1"));
            cluster.at(2 * MILLI).reached().thenRun(() -> cluster.console("a", true, said::add, () -> {}));
            CompletableFuture<MigrationReport> accepted = cluster.at(500 * MILLI)
                    .migrate(MigrateRequest.newBuilder()
                            .setVm("a")
                            .setTarget("h2")
                            .setParameters(MigrationParameters.newBuilder().setDowntimeLimitNanos(20 * MILLI))
                            .build());
            var hash = cluster.at(2 * SECOND).stateHash("a");
            var held = cluster.at(2 * SECOND + 5 * MILLI).hold();
            get(cluster.start());
            MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
            String finalHash = get(hash).getStateHash();
            get(held);
            StringBuilder text = new StringBuilder();
            said.forEach(piece -> text.append(piece.getBytes().toStringUtf8()));
            return new Outcome(
                    text.toString(), List.copyOf(said), LiveMigrationTest.withoutWallClock(report), finalHash);
        }
    }

    private static HostSpec slow(String name) {
        return ToyCluster.host(name);
    }

    @Test
    void runsOnWithEqualHashesAndTheSameResultEveryTime() throws Exception {
        Outcome first = migrate("n1");
        System.out.println(first.console());
        System.out.println(first.report());

        assertThat(first.report().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(first.report().getSourceStateHash())
                .isEqualTo(first.report().getTargetStateHash())
                .isNotEmpty();
        for (int tick = 1; tick <= 12; tick++) {
            assertThat(first.console()).containsOnlyOnce("tick " + tick + "\r\n");
        }
        Outcome second = migrate("n1", "n2");
        assertThat(second).usingRecursiveComparison().ignoringFields("pieces").isEqualTo(first);
    }
}
