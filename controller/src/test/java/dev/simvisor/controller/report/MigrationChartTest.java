package dev.simvisor.controller.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.report.MigrationChart.Left;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.api.RoundReport;
import org.junit.jupiter.api.Test;

class MigrationChartTest {
    private static RoundReport round(long toSend, long sent, long millis, long left) {
        return RoundReport.newBuilder()
                .setPagesToSend(toSend)
                .setPages(sent)
                .setDurationNanos(millis * 1_000_000)
                .setPagesRemaining(left)
                .build();
    }

    @Test
    void lineBeginsWithAllThatThereWasToSend() {
        MigrationReport preCopy = MigrationReport.newBuilder()
                .addRounds(round(1000, 900, 90, 200))
                .addRounds(round(200, 200, 20, 0))
                .build();

        assertThat(MigrationChart.line(preCopy))
                .containsExactly(new Left(0, 1000), new Left(90, 200), new Left(110, 1));
    }

    @Test
    void lineOfPostCopyEndsWhenItsPagesHaveCome() {
        MigrationReport postCopy = MigrationReport.newBuilder()
                .addRounds(round(1000, 0, 1, 1000))
                .setPostCopy(PostCopyReport.newBuilder()
                        .setMissingPages(1000)
                        .setPushedPages(980)
                        .setDemandedPages(15)
                        .setDurationNanos(100_000_000))
                .build();

        assertThat(MigrationChart.line(postCopy))
                .containsExactly(new Left(0, 1000), new Left(1, 1000), new Left(101, 5));
    }
}
