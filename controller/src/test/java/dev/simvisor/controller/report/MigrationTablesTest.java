package dev.simvisor.controller.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.CompressionReport;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.NamedDuration;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.api.RoundReport;
import java.util.List;
import org.junit.jupiter.api.Test;

class MigrationTablesTest {
    private static final RoundReport ROUND = RoundReport.newBuilder()
            .setNumber(3)
            .setPages(100)
            .setBytes(1 << 20)
            .setThrottlePercent(30)
            .setDeltaPages(40)
            .setDeltaSavedBytes(3 << 20)
            .setDeltaCacheMisses(5)
            .build();

    private static Table rounds(MigrationParameters.Builder parameters) {
        return MigrationTables.rounds(MigrationReport.newBuilder()
                .setParameters(parameters)
                .addRounds(ROUND)
                .build());
    }

    @Test
    void whatWasNotAskedForHasNoColumn() {
        assertThat(rounds(MigrationParameters.newBuilder()).lines())
                .first()
                .asString()
                .containsPattern("ROUND +PAGES +ZERO PAGES +SENT +DURATION +DIRTIED +LEFT$");
    }

    @Test
    void whatFollowedAfterTheHandOverIsSaidInOneLine() {
        PostCopyReport.Builder postCopy = PostCopyReport.newBuilder()
                .setMissingPages(120)
                .setPushedPages(100)
                .setDemandedPages(20)
                .setZeroPages(50)
                .setBytes(3 << 20)
                .setStalls(25)
                .setStallNanos(7_500_000)
                .setLongestStallNanos(400_000)
                .setDurationNanos(90_000_000);

        assertThat(MigrationTables.postCopy(MigrationReport.newBuilder()
                        .setState(MigrationState.MIGRATION_COMPLETED)
                        .setPostCopy(postCopy)
                        .build()))
                .contains(
                        "after it 120 pages were missing for 90.000 ms: 100 pushed, 20 fetched on demand, 50 of both zeros,"
                                + " 3.0 MiB; stalled 25 times, 7.500 ms in all, 0.400 ms at most");
        assertThat(MigrationTables.postCopy(MigrationReport.getDefaultInstance()))
                .isEmpty();
    }

    @Test
    void ofAMigrationThatWasNotHandedOverIsSaidWhyAndNoDowntime() {
        MigrationReport failed = MigrationReport.newBuilder()
                .setState(MigrationState.MIGRATION_FAILED)
                .setReason("the target died")
                .setTotalNanos(90_000_000)
                .build();

        assertThat(MigrationTables.downtime(failed)).isEqualTo("not handed over: failed, the target died");
        assertThat(MigrationTables.summary(List.of(failed)).lines().getLast())
                .contains(" 90.000 ms")
                .doesNotContain(" 0.000 ms");
        assertThat(MigrationTables.downtime(failed.toBuilder()
                        .setState(MigrationState.MIGRATION_CANCELLED)
                        .setReason("cancelled")
                        .build()))
                .isEqualTo("not handed over: cancelled");
    }

    @Test
    void ofPagesThatDidNotAllComeIsSaidHowManyDid() {
        MigrationReport fetching = MigrationReport.newBuilder()
                .setState(MigrationState.MIGRATION_FETCHING)
                .addDowntime(NamedDuration.newBuilder().setName("commit").setNanos(100_000))
                .setDowntimeNanos(100_000)
                .setTotalNanos(300_000)
                .setPostCopy(PostCopyReport.newBuilder()
                        .setMissingPages(120)
                        .setPushedPages(60)
                        .setDemandedPages(4)
                        .setZeroPages(50)
                        .setBytes(1 << 20)
                        .setDurationNanos(30_000_000))
                .build();

        assertThat(MigrationTables.postCopy(fetching))
                .contains(
                        "after it 120 pages were missing, of which 64 came in 30.000 ms: 60 pushed, 4 fetched on demand,"
                                + " 50 of both zeros, 1.0 MiB");
        assertThat(MigrationTables.downtime(fetching)).isEqualTo("downtime 0.100 ms (commit 0.100 ms), then fetching");
        assertThat(MigrationTables.summary(List.of(fetching)).lines().getLast()).doesNotContain("0.300 ms");
    }

    @Test
    void compressionIsShownForEachRoundAndSaidInOneLine() {
        CompressionReport compression = CompressionReport.newBuilder()
                .setPages(1024)
                .setBytesBefore(6 << 20)
                .setBytesAfter(2 << 20)
                .setRatio(3)
                .build();
        MigrationReport report = MigrationReport.newBuilder()
                .setCompression(compression)
                .addRounds(ROUND.toBuilder().setCompression(compression).setCodingNanos(12_345_678))
                .build();

        assertThat(MigrationTables.rounds(report).lines().getFirst())
                .containsPattern("LEFT +COMPRESSED +RATIO +CODING$");
        assertThat(MigrationTables.rounds(report).lines().getLast()).containsPattern(" 1024 +3.00 : 1 +12.346 ms$");
        assertThat(MigrationTables.lines(List.of(report)))
                .contains("compressed 1024 pages, 6.0 MiB to 2.0 MiB, 3.00 : 1");
        assertThat(MigrationTables.compression(MigrationReport.getDefaultInstance()))
                .isEmpty();
    }

    @Test
    void throttleAndDeltasAreShownForEachRound() {
        Table table =
                rounds(MigrationParameters.newBuilder().setAutoConverge(true).setDeltaCacheBytes(1 << 20));

        assertThat(table.lines().getFirst()).containsPattern("LEFT +DELTAS +SAVED +MISSES +THROTTLE$");
        assertThat(table.lines().getLast()).containsPattern(" 40 +3.0 MiB +5 +30 %$");
    }
}
