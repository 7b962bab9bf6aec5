package dev.simvisor.controller.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.api.RoundReport;
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

        assertThat(MigrationTables.postCopy(
                        MigrationReport.newBuilder().setPostCopy(postCopy).build()))
                .contains(
                        "after it 120 pages were missing for 90.000 ms: 100 pushed, 20 fetched on demand, 50 of both zeros,"
                                + " 3.0 MiB; stalled 25 times, 7.500 ms in all, 0.400 ms at most");
        assertThat(MigrationTables.postCopy(MigrationReport.getDefaultInstance()))
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
