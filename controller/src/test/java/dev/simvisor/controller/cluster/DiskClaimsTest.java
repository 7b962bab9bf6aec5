package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk is one VM's at a time, also where no controller could know better. */
class DiskClaimsTest {
    private Path disk = Path.of("");

    @BeforeEach
    void create(@TempDir Path folder) throws IOException {
        disk = Files.write(folder.resolve("disk"), new byte[1024]);
    }

    private static EmbeddedCluster cluster() throws IOException {
        EmbeddedCluster cluster = EmbeddedCluster.start(List.of("n1", "n2"), FitPlacement.FIRST_FIT);
        for (String host : List.of("h1", "h2")) get(cluster.control().defineHost(ToyCluster.host(host)));
        get(cluster.control().start());
        return cluster;
    }

    private CreateVmRequest vm(String name, String host) {
        return CreateVmRequest.newBuilder()
                .setHost(host)
                .setSpec(VmSpec.newBuilder()
                        .setName(name)
                        .setMemoryBytes(16 << 20)
                        .setMode("bare")
                        .setBoot(Boot.newBuilder().setBuiltIn(BuiltInGuest.getDefaultInstance()))
                        .addDisks(disk.toString()))
                .build();
    }

    private boolean isClaimed() throws IOException {
        try (RawDiskImage other = RawDiskImage.open(disk)) {
            return other.claim().isPresent();
        }
    }

    @Test
    void vmOfAnotherClusterIsRefusedAsLongAsTheFirstHasIt() throws Exception {
        try (EmbeddedCluster other = cluster()) {
            try (EmbeddedCluster cluster = cluster()) {
                get(cluster.control().createVm(vm("a", "h1")));

                assertThatThrownBy(() -> get(other.control().createVm(vm("b", "h1"))))
                        .hasMessage("VM b: " + disk
                                + ": in use by another VM, here or in another process: a disk is one VM's at a time");
                assertThat(get(other.control().vms())).isEmpty();
            }
            get(other.control().createVm(vm("b", "h1")));
        }
    }

    @Test
    void diskGoesAlongWithAMigratedVmAndEndsWithIt() throws Exception {
        try (EmbeddedCluster cluster = cluster()) {
            ClusterControl control = cluster.control();
            get(control.createVm(vm("a", "h1")));
            MigrateRequest there =
                    MigrateRequest.newBuilder().setVm("a").setTarget("h2").build();
            MigrationReport report =
                    get(control.migrationEnd(get(control.migrate(there)).getNumber()));
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);

            get(control.failHost("h1")); // which has nothing to do with it any more
            await().untilAsserted(() -> assertThat(isClaimed()).isTrue());
            get(control.stop("a"));
            await().untilAsserted(() -> assertThat(isClaimed()).isFalse());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PRE_COPY", "POST_COPY", "HYBRID"})
    void diskGoesAlongWithAVmThatIsPaused(MigrationAlgorithm algorithm) throws Exception {
        try (EmbeddedCluster cluster = cluster()) {
            ClusterControl control = cluster.control();
            get(control.createVm(vm("a", "h1")));
            get(control.pause("a"));
            for (String target : List.of("h2", "h1", "h2")) {
                MigrateRequest there = MigrateRequest.newBuilder()
                        .setVm("a")
                        .setTarget(target)
                        .setParameters(MigrationParameters.newBuilder().setAlgorithm(algorithm))
                        .build();
                long number = get(control.migrate(there)).getNumber();
                assertThat(get(control.migrationEnd(number)).getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
                get(control.at(get(control.status()).getVirtualNanos() + 10 * MILLI)
                        .reached());
                assertThat(isClaimed()).isTrue();
            }
            get(control.resume("a"));
            get(control.stop("a"));
            await().untilAsserted(() -> assertThat(isClaimed()).isFalse());
        }
    }

    @Test
    void vmOnAnotherHostHasTheDiskOfOneThatWasLost() throws Exception {
        try (EmbeddedCluster cluster = cluster()) {
            ClusterControl control = cluster.control();
            for (int i = 0; i < 5; i++) {
                get(control.createVm(vm("a" + i, "h1")));
                control.failHost("h1");
                assertThat(get(control.createVm(vm("b" + i, "h2"))).getState()).isEqualTo(VmState.VM_RUNNING);
                get(control.stop("b" + i));
                get(control.recoverHost("h1"));
            }
        }
    }
}
