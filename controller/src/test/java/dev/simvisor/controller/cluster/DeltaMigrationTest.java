package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.RoundReport;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;

/** A guest that writes 8 bytes of a page, of 400 pages in turn, faster than a path that is given 10 MiB/s sends pages. */
class DeltaMigrationTest {
    private static final long PAGE_ON_THE_WIRE = 8 + 4096;
    private static final long ZERO_PAGE_ON_THE_WIRE = 8 + 1;

    private static MigrationReport migrate(long cacheBytes) throws Exception {
        return migrate(cacheBytes, 0, "n1").report();
    }

    private static GuestMigration.Outcome migrate(long cacheBytes, long maxWindow, String... nodes) throws Exception {
        MigrationParameters parameters = MigrationParameters.newBuilder()
                .setDeltaCacheBytes(cacheBytes)
                .setMaxRounds(10)
                .setDowntimeLimitNanos(10 * MILLI)
                .setBandwidthBytesPerSecond(10 << 20)
                .build();
        return new GuestMigration(ToyCluster.vm("a", "h1"), parameters, 100 * MILLI, 4 * SECOND)
                .runAmongToys(maxWindow, nodes)
                .verified();
    }

    private static long sum(MigrationReport report, ToLongFunction<RoundReport> figure) {
        return report.getRoundsList().stream().mapToLong(figure).sum();
    }

    @Test
    void deltasConvergeWherePagesDoNot() throws Exception {
        MigrationReport pages = migrate(0);
        MigrationReport deltas = migrate(64 << 20);

        assertThat(pages.getSwitchOverCause()).isEqualTo("max-rounds");
        assertThat(sum(pages, RoundReport::getDeltaPages)).isZero();
        assertThat(deltas.getSwitchOverCause()).isEqualTo("converged");
        assertThat(deltas.getTotalBytes()).isLessThan(pages.getTotalBytes());
        assertThat(deltas.getTotalNanos()).isLessThan(pages.getTotalNanos());
        assertThat(deltas.getDowntimeNanos()).isLessThan(pages.getDowntimeNanos());
    }

    @Test
    void bytesOfARoundAndItsTimeAreThoseOfWhatWasSent() throws Exception {
        MigrationReport outcome = migrate(64 << 20);

        for (RoundReport round : outcome.getRoundsList().subList(0, outcome.getRoundsCount() - 1)) {
            long unsaved = (round.getPages() + round.getDeltaPages()) * PAGE_ON_THE_WIRE
                    + round.getZeroPages() * ZERO_PAGE_ON_THE_WIRE;
            assertThat(round.getBytes()).isEqualTo(unsaved - round.getDeltaSavedBytes());
            assertThat(round.getDurationNanos()).isEqualTo(Math.ceilDiv(round.getBytes() * SECOND, 10L << 20));
        }
        assertThat(sum(outcome, RoundReport::getDeltaPages)).isGreaterThan(300);
        assertThat(sum(outcome, RoundReport::getDeltaCacheMisses)).isZero();
        // At least 19 of 20 bytes of a page that 8 bytes are written to at a time
        assertThat(sum(outcome, RoundReport::getDeltaSavedBytes))
                .isGreaterThan(sum(outcome, RoundReport::getDeltaPages) * PAGE_ON_THE_WIRE * 19 / 20);
    }

    @Test
    void cacheSmallerThanTheWorkingSetMissesAndIsStillRight() throws Exception {
        MigrationReport outcome = migrate(200 * 4096);

        assertThat(sum(outcome, RoundReport::getDeltaCacheMisses)).isPositive();
        assertThat(sum(outcome, RoundReport::getDeltaPages)).isPositive();
        assertThat(outcome.getTotalBytes()).isLessThan(migrate(0).getTotalBytes());
    }

    @Test
    void resultsDependNeitherOnTheWindowNorOnTheNumberOfNodes() throws Exception {
        GuestMigration.Outcome first = migrate(200 * 4096, 0, "n1");

        for (long window : new long[] {0, 333_333}) {
            assertThat(migrate(200 * 4096, window, "n1", "n2")).isEqualTo(first);
        }
    }
}
