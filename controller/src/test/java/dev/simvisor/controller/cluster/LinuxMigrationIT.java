package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.PostCopyReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An unmodified Debian kernel, fetched first where it is not in the cache, moves to another process while it prints. */
class LinuxMigrationIT {
    private static final int LINES = 80;
    private static final Pattern TICK = Pattern.compile("tick ([0-9]+)\r\n");

    /** What a console said, with the virtual time of each tick. */
    private static final class TimedTranscript extends Transcript {
        private final List<Long> tickNanos = new ArrayList<>();

        @Override
        synchronized void add(ConsoleOutput piece) {
            int from = Math.max(0, text().lastIndexOf("\n") + 1);
            super.add(piece);
            Matcher tick = TICK.matcher(text().substring(from));
            while (tick.find()) {
                assertThat(Integer.parseInt(tick.group(1))).isEqualTo(tickNanos.size());
                tickNanos.add(piece.getVirtualNanos());
            }
        }

        synchronized List<Long> ticks() {
            return List.copyOf(tickNanos);
        }

        /** Counts ticks from 0 again. */
        synchronized void forgetTicks() {
            tickNanos.clear();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void noLineIsLostRepeatedOrLaterThanTheDowntime(int processors) throws Exception {
        TimedTranscript said = new TimedTranscript();
        try (MigratingDebian debian = MigratingDebian.atPrompt("bare", processors, "ttyS0", 1_000_000_000, said)) {
            moveWhileItTicks(debian, said, "h2", MigrationAlgorithm.PRE_COPY);
            PostCopyReport postCopy = moveWhileItTicks(debian, said, "h1", MigrationAlgorithm.POST_COPY)
                    .getPostCopy();
            PostCopyReport hybrid = moveWhileItTicks(debian, said, "h2", MigrationAlgorithm.HYBRID)
                    .getPostCopy();

            assertThat(postCopy.getStalls()).isPositive();
            assertThat(hybrid.getMissingPages()).isLessThan(postCopy.getMissingPages() / 10);
            assertThat(hybrid.getStallNanos()).isLessThan(postCopy.getStallNanos());
        }
    }

    private static MigrationReport moveWhileItTicks(
            MigratingDebian debian, TimedTranscript said, String target, MigrationAlgorithm algorithm)
            throws Exception {
        said.forgetTicks();
        debian.ask(
                "i=0; while [ $i -lt " + LINES
                        + " ]; do echo tick $i; i=$((i+1)); usleep 100000; done; echo fin\\ished by " + algorithm,
                "tick 5\r\n");
        // Hybrid that converges within the limit would leave no pages.
        MigrationReport report = debian.migrate(
                target,
                MigrationParameters.newBuilder()
                        .setAlgorithm(algorithm)
                        .setDowntimeLimitNanos(algorithm == MigrationAlgorithm.HYBRID ? 1 : 0)
                        .build());
        said.await("finished by " + algorithm + "\r\n");

        assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(report.getSourceStateHash()).isEqualTo(report.getTargetStateHash());
        checkTicks(said.ticks(), report);
        return report;
    }

    /** Its buffers are pages that have yet to come, too. */
    @Test
    void diskIsReadRightIntoMemoryThatHasYetToCome(@TempDir Path folder) throws Exception {
        byte[] contents = new byte[4 << 20];
        new Random(1).nextBytes(contents);
        Path disk = Files.write(folder.resolve("disk.img"), contents);
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(contents));
        TimedTranscript said = new TimedTranscript();
        try (MigratingDebian debian = MigratingDebian.atPromptWithDisk(disk, 200_000_000, said)) {
            debian.ask(
                    "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo 3 > /proc/sys/vm/drop_caches;"
                            + " echo sum $i $(md5sum < /dev/vda); done; echo do\\ne",
                    "sum 2 ");
            MigrationReport report = debian.migrate(
                    "h2",
                    MigrationParameters.newBuilder()
                            .setAlgorithm(MigrationAlgorithm.POST_COPY)
                            .build());
            said.await("done\r\n");

            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getPostCopy().getStalls()).isPositive();
            assertThat(said.text().lines().filter(line -> line.startsWith("sum ")))
                    .hasSize(20)
                    .allMatch(line -> line.matches("sum [0-9]+ " + sum + " +-"));
        }
    }

    private static void checkTicks(List<Long> ticks, MigrationReport report) {
        List<Long> gaps = new ArrayList<>();
        for (int i = 1; i < ticks.size(); i++) {
            gaps.add(ticks.get(i) - ticks.get(i - 1));
        }
        List<Long> sorted = gaps.stream().sorted().toList();
        long usual = sorted.get(sorted.size() / 2);
        System.out.printf(
                "LinuxMigrationIT: %s: %d ticks, usual gap %.3f ms, longest %.3f ms; %d rounds, %.1f MiB, downtime %.3f ms, total %.3f ms; %d pages missing, %d stalls of %.3f ms%n",
                report.getParameters().getAlgorithm(),
                ticks.size(),
                usual / 1e6,
                sorted.getLast() / 1e6,
                report.getRoundsCount(),
                report.getTotalBytes() / (double) (1 << 20),
                report.getDowntimeNanos() / 1e6,
                report.getTotalNanos() / 1e6,
                report.getPostCopy().getMissingPages(),
                report.getPostCopy().getStalls(),
                report.getPostCopy().getStallNanos() / 1e6);
        assertThat(ticks).hasSize(LINES);
        assertThat(sorted.getLast())
                .isLessThanOrEqualTo(
                        usual + report.getDowntimeNanos() + report.getPostCopy().getStallNanos() + 10 * MILLI);
    }
}
