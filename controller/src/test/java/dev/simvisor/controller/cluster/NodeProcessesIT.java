package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A controller with nodes in JVMs of their own. */
class NodeProcessesIT {
    @Test
    void twoProcessesGiveTheResultOfOne() throws Exception {
        GuestMigration.Outcome across;
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodeProcess first = NodeProcess.start("n1", controller.address());
                NodeProcess second = NodeProcess.start("n2", controller.address())) {
            across = GuestMigration.run(controller.control(), "n1", "n2");
            controller.control().close();
            assertThat(first.exitStatus()).isZero();
            assertThat(second.exitStatus()).isZero();
        }
        try (EmbeddedCluster embedded =
                EmbeddedCluster.start(List.of("n1"), FitPlacement.FIRST_FIT, HostedMachines::new, 0)) {
            assertThat(GuestMigration.run(embedded.control(), "", "")).isEqualTo(across);
        }
    }

    @Test
    void aNodeSaysWhichClusterItHasJoined() throws Exception {
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodeProcess node = NodeProcess.start("n1", controller.address())) {
            assertThat(node.nextLine())
                    .matches("node n1 at 127\\.0\\.0\\.1:[0-9]+ has joined the cluster of the controller at "
                            + Pattern.quote(controller.address()));
            controller.control().close();
            assertThat(node.nextLine()).isNull();
        }
    }

    @Test
    void killedTargetProcessLeavesTheVmAtTheSource() throws Exception {
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodeProcess source = NodeProcess.start("n1", controller.address());
                NodeProcess target = NodeProcess.start("n2", controller.address())) {
            MigrationReport report = migrateAndKill(controller.control(), MigrationAlgorithm.PRE_COPY, target);
            Vm vm = get(controller.control().vms()).getFirst();

            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
            assertThat(vm.getState()).isEqualTo(VmState.VM_RUNNING);
            assertThat(vm.getHost()).isEqualTo("h1");
            get(controller.control().stateHash("a")); // it answers, so it lives
        }
    }

    @Test
    void killedSourceProcessTakesItsVmAlong() throws Exception {
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodeProcess source = NodeProcess.start("n1", controller.address());
                NodeProcess target = NodeProcess.start("n2", controller.address())) {
            MigrationReport report = migrateAndKill(controller.control(), MigrationAlgorithm.PRE_COPY, source);
            Vm vm = get(controller.control().vms()).getFirst();

            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
            assertThat(vm.getState()).isEqualTo(VmState.VM_LOST);
            assertThat(vm.getReason()).contains("host");
        }
    }

    @Test
    void eitherProcessTakesAVmAlongThatLacksPages() throws Exception {
        for (boolean killsSource : new boolean[] {true, false}) {
            try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                    NodeProcess source = NodeProcess.start("n1", controller.address());
                    NodeProcess target = NodeProcess.start("n2", controller.address())) {
                NodeProcess victim = killsSource ? source : target;
                ClusterControl cluster = controller.control();
                MigrationReport report = migrateAndKill(cluster, MigrationAlgorithm.POST_COPY, victim);
                Vm vm = get(cluster.vms()).getFirst();

                assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
                assertThat(report.getReason())
                        .isEqualTo(killsSource ? "the source died before all pages had come" : "the target died");
                assertThat(vm.getHost()).isEqualTo("h2");
                assertThat(vm.getState()).isEqualTo(VmState.VM_LOST);
                assertThat(get(cluster.hosts()))
                        .extracting(Host::getMemoryReservedBytes)
                        .containsOnly(0L);
                // Whoever lives has room for another of the name.
                get(cluster.createVm(GuestMigration.guest("a", killsSource ? "h2" : "h1")));
            }
        }
    }

    @Test
    void hostComesBackOnTheNodeThatWasStartedAgain() throws Exception {
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodeProcess first = NodeProcess.start("n1", controller.address())) {
            ClusterControl cluster = controller.control();
            get(cluster.defineHost(GuestMigration.host("h1", "n1")));
            get(cluster.start());
            first.killAndAwait();
            await().atMost(30, TimeUnit.SECONDS)
                    .until(() -> get(cluster.hosts()).getFirst().getState() == HostState.HOST_FAILED);
            assertThatThrownBy(() -> cluster.recoverHost("h1").get(30, TimeUnit.SECONDS))
                    .hasMessageContaining("host h1: its node is gone: expected node n1 to have joined again");

            try (NodeProcess again = NodeProcess.start("n1", controller.address())) {
                assertThat(again.nextLine()).contains("has joined");
                assertThat(get(cluster.recoverHost("h1")).getState()).isEqualTo(HostState.HOST_UP);
                assertThat(get(cluster.createVm(GuestMigration.guest("a", "h1")))
                                .getState())
                        .isEqualTo(VmState.VM_RUNNING);
            }
        }
    }

    @Test
    void nodeThatIsTakenForDeadKeepsItsDisksUntilItIs(@TempDir Path folder) throws Exception {
        Path disk = Files.write(folder.resolve("disk"), new byte[1024]);
        CreateVmRequest.Builder vm = GuestMigration.guest("a", "h1").toBuilder();
        vm.getSpecBuilder().addDisks(disk.toString());
        CreateVmRequest elsewhere = vm.clone().setHost("h2").build();
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodeProcess first = NodeProcess.start("n1", controller.address());
                NodeProcess second = NodeProcess.start("n2", controller.address())) {
            ClusterControl cluster = controller.control();
            get(cluster.defineHost(GuestMigration.host("h1", "n1")));
            get(cluster.defineHost(GuestMigration.host("h2", "n2")));
            get(cluster.start());
            get(cluster.createVm(vm.build()));

            first.suspend();
            await().atMost(60, TimeUnit.SECONDS)
                    .until(() -> get(cluster.hosts()).getFirst().getState() == HostState.HOST_FAILED);
            assertThatThrownBy(() -> get(cluster.createVm(elsewhere)))
                    .hasMessageContaining(disk + ": in use by another VM");

            first.resume();
            assertThat(first.exitStatus()).isNotZero(); // it is told that it is dead
            assertThat(get(cluster.createVm(elsewhere)).getState()).isEqualTo(VmState.VM_RUNNING);
        }
    }

    /** Kills a process while the first round, or what follows after post-copy's hand-over, is on its way. */
    private static MigrationReport migrateAndKill(
            ClusterControl cluster, MigrationAlgorithm algorithm, NodeProcess victim) throws Exception {
        get(cluster.defineHost(GuestMigration.host("h1", "n1")));
        get(cluster.defineHost(GuestMigration.host("h2", "n2")));
        cluster.at(0).createVm(GuestMigration.guest("a", "h1"));
        CompletableFuture<MigrationReport> accepted = cluster.at(200 * MILLI)
                .migrate(MigrateRequest.newBuilder()
                        .setVm("a")
                        .setTarget("h2")
                        .setParameters(MigrationParameters.newBuilder().setAlgorithm(algorithm))
                        .build());
        CompletableFuture<Void> copying = cluster.at(210 * MILLI).hold();
        get(cluster.start());
        get(copying);
        victim.kill();
        TimeUnit.MILLISECONDS.sleep(100);
        cluster.start();
        return get(cluster.migrationEnd(get(accepted).getNumber()));
    }
}
