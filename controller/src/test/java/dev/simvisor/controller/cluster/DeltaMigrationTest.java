package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.RoundReport;
import dev.simvisor.proto.api.StateHashResponse;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;

/** A guest that writes 8 bytes of a page, of 400 pages in turn, faster than a path that is given 10 MiB/s sends pages. */
class DeltaMigrationTest {
    private static final long PAGE_ON_THE_WIRE = 8 + 4096;
    private static final long ZERO_PAGE_ON_THE_WIRE = 8 + 1;

    /** What must be the same however it runs. */
    private record Outcome(MigrationReport report, String hash) {
        long sum(ToLongFunction<RoundReport> figure) {
            return report.getRoundsList().stream().mapToLong(figure).sum();
        }
    }

    private static Outcome migrate(long cacheBytes, long maxWindow, String... nodes) throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, maxWindow, nodes)) {
            ClusterControl cluster = toys.control();
            cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
            CompletableFuture<MigrationReport> accepted = cluster.at(100 * MILLI)
                    .migrate(MigrateRequest.newBuilder()
                            .setVm("a")
                            .setTarget("h2")
                            .setParameters(MigrationParameters.newBuilder()
                                    .setDeltaCacheBytes(cacheBytes)
                                    .setMaxRounds(10)
                                    .setDowntimeLimitNanos(10 * MILLI)
                                    .setBandwidthBytesPerSecond(10 << 20))
                            .build());
            CompletableFuture<StateHashResponse> hash = cluster.at(4 * SECOND).stateHash("a");
            CompletableFuture<Void> held = cluster.at(4 * SECOND + 5 * MILLI).hold();
            get(cluster.start());
            MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
            String finalHash = get(hash).getStateHash();
            get(held);
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getTargetStateHash())
                    .isEqualTo(report.getSourceStateHash())
                    .isNotEmpty();
            return new Outcome(LiveMigrationTest.withoutWallClock(report), finalHash);
        }
    }

    @Test
    void deltasConvergeWherePagesDoNot() throws Exception {
        Outcome pages = migrate(0, 0, "n1");
        Outcome deltas = migrate(64 << 20, 0, "n1");

        assertThat(pages.report().getSwitchOverCause()).isEqualTo("max-rounds");
        assertThat(pages.sum(RoundReport::getDeltaPages)).isZero();
        assertThat(deltas.report().getSwitchOverCause()).isEqualTo("converged");
        assertThat(deltas.report().getTotalBytes()).isLessThan(pages.report().getTotalBytes());
        assertThat(deltas.report().getTotalNanos()).isLessThan(pages.report().getTotalNanos());
        assertThat(deltas.report().getDowntimeNanos()).isLessThan(pages.report().getDowntimeNanos());
    }

    @Test
    void bytesOfARoundAndItsTimeAreThoseOfWhatWasSent() throws Exception {
        Outcome outcome = migrate(64 << 20, 0, "n1");

        for (RoundReport round :
                outcome.report().getRoundsList().subList(0, outcome.report().getRoundsCount() - 1)) {
            long unsaved = (round.getPages() + round.getDeltaPages()) * PAGE_ON_THE_WIRE
                    + round.getZeroPages() * ZERO_PAGE_ON_THE_WIRE;
            assertThat(round.getBytes()).isEqualTo(unsaved - round.getDeltaSavedBytes());
            assertThat(round.getDurationNanos()).isEqualTo(Math.ceilDiv(round.getBytes() * SECOND, 10L << 20));
        }
        assertThat(outcome.sum(RoundReport::getDeltaPages)).isGreaterThan(300);
        assertThat(outcome.sum(RoundReport::getDeltaCacheMisses)).isZero();
        // At least 19 of 20 bytes of a page that 8 bytes are written to at a time
        assertThat(outcome.sum(RoundReport::getDeltaSavedBytes))
                .isGreaterThan(outcome.sum(RoundReport::getDeltaPages) * PAGE_ON_THE_WIRE * 19 / 20);
    }

    @Test
    void cacheSmallerThanTheWorkingSetMissesAndIsStillRight() throws Exception {
        Outcome outcome = migrate(200 * 4096, 0, "n1");

        assertThat(outcome.sum(RoundReport::getDeltaCacheMisses)).isPositive();
        assertThat(outcome.sum(RoundReport::getDeltaPages)).isPositive();
        assertThat(outcome.report().getTotalBytes())
                .isLessThan(migrate(0, 0, "n1").report().getTotalBytes());
    }

    @Test
    void resultsDependNeitherOnTheWindowNorOnTheNumberOfNodes() throws Exception {
        Outcome first = migrate(200 * 4096, 0, "n1");

        for (long window : new long[] {0, 333_333}) {
            assertThat(migrate(200 * 4096, window, "n1", "n2")).isEqualTo(first);
        }
    }
}
