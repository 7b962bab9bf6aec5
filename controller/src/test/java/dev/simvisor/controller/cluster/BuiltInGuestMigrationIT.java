package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationCompression;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.PostCopyReport;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The built-in guest on the emulated processor moves between hosts while it ticks and writes to memory. */
class BuiltInGuestMigrationIT {
    /** What is written in a round is more than the path carries in the downtime limit, and more than the cache holds. */
    private static final MigrationParameters THROTTLED_WITH_DELTAS = MigrationParameters.newBuilder()
            .setBandwidthBytesPerSecond(16 << 20)
            .setDowntimeLimitNanos(5_600_000)
            .setMaxRounds(8)
            .setAutoConverge(true)
            .setDeltaCacheBytes(512 << 10)
            .build();

    private static GuestMigration.Outcome embedded(String mode, MigrationParameters options, String... nodes)
            throws Exception {
        try (EmbeddedCluster cluster =
                EmbeddedCluster.start(List.of(nodes), FitPlacement.FIRST_FIT, HostedMachines::new, 0)) {
            return GuestMigration.run(cluster.control(), "", "", mode, options);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "para"})
    void runsOnWithEqualHashesAndTheSameResultEveryTime(String mode) throws Exception {
        check(mode, MigrationParameters.getDefaultInstance());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "para"})
    void runsOnAsWellWhenHeldBackAndSentAsDeltas(String mode) throws Exception {
        GuestMigration.Outcome outcome = check(mode, THROTTLED_WITH_DELTAS);

        assertThat(outcome.report().getRoundsList())
                .anyMatch(round -> round.getDeltaPages() > 0)
                .anyMatch(round -> round.getDeltaCacheMisses() > 0)
                .anyMatch(round -> round.getThrottlePercent() > 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "para"})
    void runsOnAsWellWhenCompressedAndSentByChannels(String mode) throws Exception {
        GuestMigration.Outcome outcome = check(
                mode,
                THROTTLED_WITH_DELTAS.toBuilder()
                        .setCompression(MigrationCompression.MIGRATION_COMPRESSION_ZSTD)
                        .setChannels(4)
                        .setBandwidthBytesPerSecond(256 << 10)
                        .setDowntimeLimitNanos(2_060_000)
                        .setMaxRounds(3)
                        .build());

        assertThat(outcome.report().getRoundsList()).anyMatch(round -> round.getDeltaPages() > 0);
        assertThat(outcome.report().getCompression().getRatio()).isGreaterThan(1.5);
    }

    @ParameterizedTest
    @CsvSource({"bare, POST_COPY", "trap, POST_COPY", "translate, POST_COPY", "hardware, POST_COPY", "bare, HYBRID"})
    void runsOnAsWellBeforeAllOfItsPagesHaveCome(String mode, MigrationAlgorithm algorithm) throws Exception {
        MigrationParameters options = MigrationParameters.newBuilder()
                .setAlgorithm(algorithm)
                .setBandwidthBytesPerSecond(16 << 20)
                .setDowntimeLimitNanos(5_600_000)
                .build();
        MigrationReport report = check(mode, options).report();

        assertThat(report.getDowntimeNanos()).isLessThan(3 * ToyCluster.MILLI);
        PostCopyReport postCopy = report.getPostCopy();
        assertThat(postCopy.getPushedPages() + postCopy.getDemandedPages())
                .isEqualTo(postCopy.getMissingPages())
                .isPositive();
        if (algorithm == MigrationAlgorithm.POST_COPY) {
            assertThat(postCopy.getStalls()).isPositive();
        }
    }

    private static GuestMigration.Outcome check(String mode, MigrationParameters options) throws Exception {
        GuestMigration.Outcome first = embedded(mode, options, "n1");

        assertThat(first.report().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(first.report().getSourceStateHash())
                .isEqualTo(first.report().getTargetStateHash())
                .isNotEmpty();
        for (int tick = 1; tick <= 12; tick++) {
            assertThat(first.console()).containsOnlyOnce("tick " + tick + "\r\n");
        }
        assertThat(embedded(mode, options, "n1", "n2")).isEqualTo(first);
        return first;
    }
}
