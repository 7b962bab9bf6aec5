package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Debian's stock kernel as a paravirtual guest goes to and fro between two processes while it prints, computes checksums and
 * writes to memory. How often, and by which seed: system properties {@code para.migrations} and {@code para.seed}.
 */
class ParavirtualLinuxMigrationIT {
    private static final int MIGRATIONS = Integer.getInteger("para.migrations", 5);
    private static final long SEED = Long.getLong("para.seed", 1);
    private static final long TICK_NANOS = 20 * MILLI;
    /** What md5sum says of the lines 1 to 100000, which the guest writes to its memory and sums up over and over. */
    private static final String SUM = "dea9193b768319cbb4ff1a137ac03113";

    private static final Pattern TICK = Pattern.compile("tick ([0-9]+)\r\n");
    private static final Pattern ROUND = Pattern.compile("sum ([0-9]+) ([0-9a-f]+)\r\n");

    @Test
    void nothingIsLostOrRepeatedHoweverOftenItMoves() throws Exception {
        Transcript said = new Transcript();
        try (MigratingDebian debian = MigratingDebian.atPrompt("para", 2, "hvc0", 10_000_000_000L, said)) {
            debian.ask(load(), "sum 1 ");
            List<MigrationReport> reports = migrateToAndFro(debian);
            debian.ask("touch /stop; wait; echo fin\\ished", "finished\r\n");

            check(said.text(), reports);
        }
    }

    /** Two jobs: one prints at even times, one fills memory and sums it up. */
    private static String load() {
        return "dmesg -n 1; i=0; while [ ! -e /stop ]; do echo tick $i; i=$((i+1)); usleep " + TICK_NANOS / 1000
                + "; done & n=0; while [ ! -e /stop ]; do seq 1 100000 > /load;"
                + " n=$((n+1)); echo sum $n $(md5sum < /load | cut -c1-32); done &";
    }

    private static List<MigrationReport> migrateToAndFro(MigratingDebian debian) throws Exception {
        Random random = new Random(SEED);
        List<MigrationReport> reports = new ArrayList<>();
        for (int n = 0; n < MIGRATIONS; n++) {
            MigrationParameters parameters = MigrationParameters.newBuilder()
                    .setDowntimeLimitNanos((20 + random.nextInt(80)) * MILLI)
                    .setMaxRounds(1 + random.nextInt(8))
                    .build();
            MigrationReport report = debian.migrate(n % 2 == 0 ? "h2" : "h1", parameters);
            assertThat(report.getState())
                    .as("migration %d of seed %d: %s", n + 1, SEED, report.getReason())
                    .isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getSourceStateHash()).isNotEmpty().isEqualTo(report.getTargetStateHash());
            reports.add(report);
        }
        return reports;
    }

    private static void check(String text, List<MigrationReport> reports) {
        int ticks = 0;
        for (Matcher tick = TICK.matcher(text); tick.find(); ticks++) {
            assertThat(Integer.parseInt(tick.group(1))).as("seed %d", SEED).isEqualTo(ticks);
        }
        int sums = 0;
        for (Matcher sum = ROUND.matcher(text); sum.find(); ) {
            assertThat(Integer.parseInt(sum.group(1))).as("seed %d", SEED).isEqualTo(++sums);
            assertThat(sum.group(2)).as("seed %d", SEED).isEqualTo(SUM);
        }
        long[] downtimes = reports.stream()
                .mapToLong(MigrationReport::getDowntimeNanos)
                .sorted()
                .toArray();
        System.out.printf(
                "ParavirtualLinuxMigrationIT: %d migrations of seed %d, %d ticks and %d sums in order, none lost or repeated;"
                        + " downtime %.3f to %.3f ms, median %.3f ms; %.1f MiB sent on average%n",
                reports.size(),
                SEED,
                ticks,
                sums,
                downtimes[0] / 1e6,
                downtimes[downtimes.length - 1] / 1e6,
                downtimes[downtimes.length / 2] / 1e6,
                reports.stream()
                                .mapToLong(MigrationReport::getTotalBytes)
                                .average()
                                .orElse(0)
                        / (1 << 20));
        assertThat(ticks).isGreaterThan(2 * MIGRATIONS);
        assertThat(sums).isPositive();
    }
}
