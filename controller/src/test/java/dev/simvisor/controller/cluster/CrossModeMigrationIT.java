package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * The built-in guest moves from an old host, which translates, to one with hardware assistance and back, while it ticks and
 * writes to memory. Where nothing but instructions takes time the modes make the very same virtual machine: the guest that has moved ends
 * up in the state of one that never did.
 */
class CrossModeMigrationIT {
    private static final String OLD = "pentium-4";
    private static final long LOOKED_AT_NANOS = 2 * SECOND;

    /** All that must be the same wherever it runs. */
    private record Outcome(
            String console, List<String> modes, List<MigrationReport> reports, String hash, long cycles) {
        long downtimeNanos() {
            return reports.stream().mapToLong(MigrationReport::getDowntimeNanos).sum();
        }
    }

    private static Outcome thereAndBack(String... nodes) throws Exception {
        try (EmbeddedCluster embedded =
                EmbeddedCluster.start(List.of(nodes), FitPlacement.FIRST_FIT, HostedMachines::new, 0)) {
            ClusterControl cluster = embedded.control();
            get(cluster.defineHost(GuestMigration.host("translating", nodes[0], "translate").toBuilder()
                    .setCpuModel(OLD)
                    .build()));
            get(cluster.defineHost(GuestMigration.host("assisted", nodes[nodes.length - 1], "hardware")));
            List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
            cluster.at(0).createVm(GuestMigration.guest("a", "translating", "translate"));
            cluster.at(2 * MILLI).reached().thenRun(() -> cluster.console("a", true, said::add, () -> {}));
            List<CompletableFuture<MigrationReport>> accepted = List.of(
                    cluster.at(400 * MILLI).migrate(to("assisted")),
                    cluster.at(1200 * MILLI).migrate(to("translating")));
            List<CompletableFuture<List<Vm>>> looks = List.of(
                    cluster.at(399 * MILLI).vms(),
                    cluster.at(1199 * MILLI).vms(),
                    cluster.at(LOOKED_AT_NANOS).vms());
            CompletableFuture<StateHashResponse> hash =
                    cluster.at(LOOKED_AT_NANOS).stateHash("a");
            CompletableFuture<Void> held =
                    cluster.at(LOOKED_AT_NANOS + 5 * MILLI).hold();
            get(cluster.start());
            List<MigrationReport> reports = accepted.stream()
                    .map(one -> get(cluster.migrationEnd(get(one).getNumber())))
                    .map(LiveMigrationTest::withoutWallClock)
                    .toList();
            StateHashResponse state = get(hash);
            get(held);
            return new Outcome(
                    text(said),
                    looks.stream().map(look -> get(look).getFirst().getMode()).toList(),
                    reports,
                    state.getStateHash(),
                    state.getVirtualCycles());
        }
    }

    private static MigrateRequest to(String host) {
        return MigrateRequest.newBuilder()
                .setVm("a")
                .setTarget(host)
                .setParameters(MigrationParameters.newBuilder().setDowntimeLimitNanos(20 * MILLI))
                .build();
    }

    private static String text(List<ConsoleOutput> said) {
        StringBuilder text = new StringBuilder();
        for (ConsoleOutput piece : said) {
            assertThat(piece.getOffset()).isEqualTo(text.length());
            text.append(piece.getBytes().toStringUtf8());
        }
        return text.toString();
    }

    /** The guest that stays where it is, at a time at which it has run for as long as the one that moved. */
    private static StateHashResponse stayed(String mode, long nanos) throws Exception {
        try (EmbeddedCluster embedded =
                EmbeddedCluster.start(List.of("n1"), FitPlacement.FIRST_FIT, HostedMachines::new, 0)) {
            ClusterControl cluster = embedded.control();
            get(cluster.defineHost(GuestMigration.host("h", "n1", mode)));
            CreateVmRequest guest = GuestMigration.guest("a", "h", mode);
            cluster.at(0)
                    .createVm(guest.toBuilder()
                            .setSpec(guest.getSpec().toBuilder().setCpuModel(OLD))
                            .build());
            CompletableFuture<StateHashResponse> hash = cluster.at(nanos).stateHash("a");
            CompletableFuture<Void> held = cluster.at(nanos + 5 * MILLI).hold();
            get(cluster.start());
            StateHashResponse state = get(hash);
            get(held);
            return state;
        }
    }

    @Test
    void guestNoticesNothingOfItsWayThereAndBack() throws Exception {
        Outcome moved = thereAndBack("n1");

        assertThat(moved.modes()).containsExactly("translate", "hardware", "translate");
        for (MigrationReport report : moved.reports()) {
            assertThat(report.getState()).as(report.getReason()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getSourceStateHash())
                    .isEqualTo(report.getTargetStateHash())
                    .isNotEmpty();
            assertThat(report.getRoundsCount()).isGreaterThan(1);
        }
        for (int tick = 1; tick <= 12; tick++) {
            assertThat(moved.console()).containsOnlyOnce("tick " + tick + "\r\n");
        }
        for (String mode : new String[] {"bare", "translate", "hardware"}) {
            StateHashResponse stayed = stayed(mode, LOOKED_AT_NANOS - moved.downtimeNanos());
            assertThat(stayed.getVirtualCycles()).as(mode).isEqualTo(moved.cycles());
            assertThat(stayed.getStateHash()).as(mode).isEqualTo(moved.hash());
        }
    }

    @Test
    void resultDoesNotDependOnTheNumberOfNodes() throws Exception {
        assertThat(thereAndBack("n1", "n2")).isEqualTo(thereAndBack("n1"));
    }
}
