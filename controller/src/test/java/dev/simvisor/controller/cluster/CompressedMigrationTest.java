package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.proto.api.CompressionReport;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationCompression;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.RoundReport;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest of 8 MiB, half of which it has written with what compresses well, moves over a path of 80 MiB/s. */
class CompressedMigrationTest {
    private static final long PATH_BYTES_PER_SECOND = 80 << 20;

    private static MigrationParameters.Builder zstd(int channels) {
        return MigrationParameters.newBuilder()
                .setCompression(MigrationCompression.MIGRATION_COMPRESSION_ZSTD)
                .setChannels(channels)
                .setDowntimeLimitNanos(10 * MILLI);
    }

    private static GuestMigration.Outcome migrate(
            MigrationParameters.Builder parameters, long maxWindow, String... nodes) throws Exception {
        return new GuestMigration(ToyCluster.vm("a", "h1"), parameters.build(), 100 * MILLI, SECOND)
                .runAmongToys(maxWindow, nodes)
                .verified();
    }

    private static MigrationReport report(MigrationParameters.Builder parameters) throws Exception {
        return migrate(parameters, 0, "n1").report();
    }

    private static long sum(MigrationReport report, ToLongFunction<CompressionReport> figure) {
        return report.getRoundsList().stream()
                .map(RoundReport::getCompression)
                .mapToLong(figure)
                .sum();
    }

    @Test
    void roundTakesTheTimeOfThePathOrOfTheChannelsWhicheverIsLonger() throws Exception {
        for (int channels : new int[] {1, 4}) {
            MigrationReport report = report(zstd(channels));
            RoundReport first = report.getRounds(0);

            assertThat(first.getCodingNanos())
                    .isEqualTo(Math.ceilDiv(Math.ceilDiv(first.getCompression().getBytesBefore() * 100, 51), channels));
            assertThat(first.getDurationNanos())
                    .isEqualTo(Math.max(
                            first.getCodingNanos(), Math.ceilDiv(first.getBytes() * SECOND, PATH_BYTES_PER_SECOND)));
        }
    }

    @Test
    void compressedGuestMovesInLessTimeAndFewerBytesAndChannelsHelpWhereCodingIsTheBottleneck() throws Exception {
        MigrationReport plain = report(MigrationParameters.newBuilder().setDowntimeLimitNanos(10 * MILLI));
        MigrationReport one = report(zstd(1));
        MigrationReport four = report(zstd(4));

        assertThat(one.getTotalBytes()).isLessThan(plain.getTotalBytes() / 2);
        assertThat(one.getTotalNanos()).isLessThan(plain.getTotalNanos());
        assertThat(one.getRounds(0).getDurationNanos())
                .isEqualTo(one.getRounds(0).getCodingNanos());
        assertThat(four.getRounds(0).getDurationNanos())
                .isLessThan(one.getRounds(0).getDurationNanos());
        assertThat(plain.hasCompression()).isFalse();
        assertThat(plain.getRoundsList()).allMatch(round -> round.getCodingNanos() == 0 && !round.hasCompression());
    }

    @Test
    void reportOfTheMigrationIsThatOfItsRounds() throws Exception {
        MigrationReport report = report(zstd(2));
        CompressionReport compression = report.getCompression();

        assertThat(compression.getPages())
                .isEqualTo(sum(report, CompressionReport::getPages))
                .isGreaterThan(1000);
        assertThat(compression.getBytesBefore()).isEqualTo(sum(report, CompressionReport::getBytesBefore));
        assertThat(compression.getBytesAfter()).isEqualTo(sum(report, CompressionReport::getBytesAfter));
        assertThat(compression.getRatio())
                .isEqualTo((double) compression.getBytesBefore() / compression.getBytesAfter())
                .isGreaterThan(2);
        assertThat(compression.getBytesBefore())
                .isEqualTo(report.getRoundsList().stream()
                                .mapToLong(RoundReport::getPages)
                                .sum()
                        * 4096);
    }

    @Test
    void channelsWithoutCompressionTakeTheTimeOfOne() throws Exception {
        MigrationParameters.Builder plain = MigrationParameters.newBuilder().setDowntimeLimitNanos(10 * MILLI);
        GuestMigration.Outcome one = migrate(plain, 0, "n1", "n2");
        GuestMigration.Outcome many = migrate(plain.setChannels(16), 0, "n1", "n2");

        assertThat(many.report().toBuilder().clearParameters().build())
                .isEqualTo(one.report().toBuilder().clearParameters().build());
        assertThat(many.finalHash()).isEqualTo(one.finalHash());
    }

    @ParameterizedTest
    @CsvSource({"PRE_COPY, 0, 4", "PRE_COPY, 819200, 3", "STOP_AND_COPY, 0, 16", "HYBRID, 819200, 2", "HYBRID, 0, 1"})
    void resultsDependNeitherOnTheWindowNorOnTheNumberOfNodes(
            MigrationAlgorithm algorithm, long deltaCacheBytes, int channels) throws Exception {
        MigrationParameters.Builder parameters = zstd(channels)
                .setAlgorithm(algorithm)
                .setDeltaCacheBytes(deltaCacheBytes)
                .setBandwidthBytesPerSecond(1 << 20)
                .setMaxRounds(3);
        GuestMigration.Outcome first = migrate(parameters, 0, "n1");

        for (long window : new long[] {0, 333_333}) {
            assertThat(migrate(parameters, window, "n1", "n2")).isEqualTo(first);
        }
        assertThat(first.report().getRoundsList())
                .anyMatch(round -> deltaCacheBytes == 0 || round.getDeltaPages() > 0)
                .anyMatch(round -> round.getCompression().getPages() > 0);
    }

    @Test
    void whatCannotBeIsRefusedInOneLine() throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1")) {
            ClusterControl cluster = toys.control();
            get(cluster.start());
            get(cluster.createVm(ToyCluster.vm("a", "h1")));

            refused(cluster, zstd(17), "17 channels: expected from 1 to 16");
            refused(cluster, zstd(-1), "4294967295 channels: expected from 1 to 16");
            refused(cluster, zstd(1).setCompressionValue(9), "compression 9: expected one that this version knows");
            refused(
                    cluster,
                    zstd(1).setAlgorithm(MigrationAlgorithm.POST_COPY),
                    "post-copy, which sends pages as they are: expected no compression and one channel");
        }
    }

    private static void refused(ClusterControl cluster, MigrationParameters.Builder parameters, String message) {
        MigrateRequest request = MigrateRequest.newBuilder()
                .setVm("a")
                .setTarget("h2")
                .setParameters(parameters)
                .build();
        assertThatThrownBy(() -> get(cluster.migrate(request))).hasMessage(message);
    }
}
