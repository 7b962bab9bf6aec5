package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** A node dies when it has answered a window in which others still run. */
class DeathWithinWindowTest {
    private static final String SLOW = "slow";
    private static final String TALKER = "talker";

    private final CountDownLatch released = new CountDownLatch(1);
    private final AtomicBoolean waits = new AtomicBoolean();
    private volatile long waitsBeyond = Long.MAX_VALUE;

    private ToyMachines machines(HostSpec host) {
        return new ToyMachines(host.getMemoryBytes(), machine -> {
            if (machine.name().equals(SLOW)) {
                machine.beforeRun(this::waitBeyond);
            }
        });
    }

    private void waitBeyond(long cycle) {
        if (cycle <= waitsBeyond) return;
        waits.set(true);
        try {
            released.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private EmbeddedCluster cluster() throws Exception {
        EmbeddedCluster cluster = EmbeddedCluster.start(List.of(), FitPlacement.FIRST_FIT, this::machines, 0);
        for (String host : List.of("source", "target", "bystander")) {
            cluster.addNode("node-" + host);
            HostSpec spec =
                    ToyCluster.host(host).toBuilder().setNode("node-" + host).build();
            get(cluster.control().defineHost(spec));
        }
        return cluster;
    }

    /** A VM that is migrated, one at the target that says all the time where it is, and one that the others have to wait for. */
    private static CompletableFuture<MigrationReport> migration(ClusterControl control) {
        CreateVmRequest.Builder talker = ToyCluster.vm(TALKER, "target").toBuilder();
        talker.getSpecBuilder().putLabels("line-every", "50000");
        control.at(0).createVm(ToyCluster.vm("moving", "source"));
        control.at(0).createVm(talker.build());
        control.at(0).createVm(ToyCluster.vm(SLOW, "bystander"));
        return control.at(10 * MILLI)
                .migrate(MigrateRequest.newBuilder()
                        .setVm("moving")
                        .setTarget("target")
                        .build());
    }

    @Test
    void vmStaysAtItsSourceWhenTheTargetIsKnownToBeDead() throws Exception {
        long verifiedNanos;
        try (EmbeddedCluster cluster = cluster()) {
            ClusterControl control = cluster.control();
            CompletableFuture<MigrationReport> accepted = migration(control);
            get(control.start());
            MigrationReport report = get(control.migrationEnd(get(accepted).getNumber()));
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            verifiedNanos = report.getEndedNanos() - MILLI; // the target's word takes so long to arrive
        }
        waitsBeyond = verifiedNanos + MILLI / 2;
        CompletableFuture<Void> answered = new CompletableFuture<>();
        try (EmbeddedCluster cluster = cluster()) {
            ClusterControl control = cluster.control();
            CompletableFuture<MigrationReport> accepted = migration(control);
            control.at(5 * MILLI)
                    .reached()
                    .thenRun(() -> control.console(TALKER, true, piece -> look(piece, answered), () -> {}));
            get(control.start());
            get(answered);
            cluster.killNode("node-target");
            await().until(() -> !get(control.nodes()).contains("node-target"));
            await().untilTrue(waits);
            released.countDown();

            MigrationReport report = get(control.migrationEnd(get(accepted).getNumber()));
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
            assertThat(report.getReason()).isEqualTo("the target died");
            Vm moving = get(control.vms()).stream()
                    .filter(vm -> vm.getSpec().getName().equals("moving"))
                    .findFirst()
                    .orElseThrow();
            assertThat(moving.getState()).isEqualTo(VmState.VM_RUNNING);
            assertThat(moving.getHost()).isEqualTo("source");
        } finally {
            released.countDown();
        }
    }

    /** What a VM says is passed on with its host's answer. */
    private void look(ConsoleOutput piece, CompletableFuture<Void> answered) {
        if (piece.getVirtualNanos() > waitsBeyond) {
            answered.complete(null);
        }
    }

    /** Virtual time keeps to the wall's, and what it goes on to is an hour away. */
    @Test
    void newsDoesNotWaitForWhatIsDueMuchLater() throws Exception {
        try (EmbeddedCluster cluster = cluster()) {
            ClusterControl control = cluster.control();
            control.pace(1);
            get(control.start());
            CompletableFuture<Void> muchLater = control.at(3600 * SECOND).reached();
            get(control.status());

            get(control.at(get(control.status()).getVirtualNanos() + 10 * MILLI).reached());
            cluster.killNode("node-target");
            await().until(() -> get(control.hosts()).getLast().getState() == HostState.HOST_FAILED);
            cluster.addNode("node-late");
            get(control.defineHost(
                    ToyCluster.host("late").toBuilder().setNode("node-late").build()));
            assertThat(muchLater).isNotDone();
        }
    }
}
