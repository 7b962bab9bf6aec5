package dev.simvisor.controller.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
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
    void throttleAndDeltasAreShownForEachRound() {
        Table table =
                rounds(MigrationParameters.newBuilder().setAutoConverge(true).setDeltaCacheBytes(1 << 20));

        assertThat(table.lines().getFirst()).containsPattern("LEFT +DELTAS +SAVED +MISSES +THROTTLE$");
        assertThat(table.lines().getLast()).containsPattern(" 40 +3.0 MiB +5 +30 %$");
    }
}
