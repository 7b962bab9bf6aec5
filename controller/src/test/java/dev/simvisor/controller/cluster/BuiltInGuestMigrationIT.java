package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.proto.api.MigrationState;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The built-in guest on the emulated processor moves between hosts while it ticks and writes to memory. */
class BuiltInGuestMigrationIT {
    private static GuestMigration.Outcome embedded(String mode, String... nodes) throws Exception {
        try (EmbeddedCluster cluster =
                EmbeddedCluster.start(List.of(nodes), FitPlacement.FIRST_FIT, HostedMachines::new, 0)) {
            return GuestMigration.run(cluster.control(), "", "", mode);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "para"})
    void runsOnWithEqualHashesAndTheSameResultEveryTime(String mode) throws Exception {
        GuestMigration.Outcome first = embedded(mode, "n1");

        assertThat(first.report().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(first.report().getSourceStateHash())
                .isEqualTo(first.report().getTargetStateHash())
                .isNotEmpty();
        for (int tick = 1; tick <= 12; tick++) {
            assertThat(first.console()).containsOnlyOnce("tick " + tick + "\r\n");
        }
        assertThat(embedded(mode, "n1", "n2")).isEqualTo(first);
    }
}
