package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.RoundReport;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A guest that writes 20 MiB/s to nearly all of its 3 MiB moves over a path that is given 10 MiB/s, with and without auto-converge. */
class AutoConvergeTest {
    private static final long LINE_EVERY = 3 * MILLI;
    private static final double PAGES_WRITTEN_PER_MILLI = 5;
    /** A prime, so that no page is always written in quanta that the throttle takes away. */
    private static final int WORKING_SET = 701;

    private static final double ALL_WRITTEN_MILLIS = WORKING_SET / PAGES_WRITTEN_PER_MILLI;
    private static final long END = 8 * SECOND;
    /** In which the link, eight times as fast as what rounds are given, carries what these do in 58 ms, and two latencies pass. */
    private static final long DOWNTIME_LIMIT = 58 * MILLI / 8 + 2 * MILLI;

    private static CreateVmRequest guest() {
        CreateVmRequest.Builder vm = ToyCluster.vm("a", "h1").toBuilder();
        vm.getSpecBuilder().setMemoryBytes(3 << 20).putLabels("working-set", Integer.toString(WORKING_SET));
        return vm.build();
    }

    /** The virtual times at which lines were printed: a guest without a processor when one is due leaves it out. */
    private static List<Long> lines(GuestMigration.Outcome outcome) {
        return outcome.console()
                .lines()
                .filter(line -> line.startsWith("line "))
                .map(line -> Long.valueOf(line.substring(line.indexOf(" at ") + 4)))
                .toList();
    }

    private static GuestMigration.Outcome migrate(
            boolean autoConverge, long cancelNanos, long maxWindow, String... nodes) throws Exception {
        MigrationParameters parameters = MigrationParameters.newBuilder()
                .setAutoConverge(autoConverge)
                .setMaxRounds(24)
                .setDowntimeLimitNanos(DOWNTIME_LIMIT)
                .setBandwidthBytesPerSecond(10 << 20)
                .build();
        return new GuestMigration(guest(), parameters, 100 * MILLI, cancelNanos, END).runAmongToys(maxWindow, nodes);
    }

    @Test
    void convergesWhereItOtherwiseDoesNot() throws Exception {
        MigrationReport without = migrate(false, 0, 0, "n1").report();
        MigrationReport with = migrate(true, 0, 0, "n1").report();

        assertThat(without.getSwitchOverCause()).isEqualTo("max-rounds");
        assertThat(with.getSwitchOverCause()).isEqualTo("converged");
        assertThat(with.getSourceStateHash()).isEqualTo(with.getTargetStateHash());
        assertThat(with.getDowntimeNanos()).isLessThan(without.getDowntimeNanos());
        assertThat(without.getRoundsList())
                .extracting(RoundReport::getThrottlePercent)
                .containsOnly(0);
    }

    @Test
    void pagesWrittenInARoundFollowTheShareOfTimeThatIsLeft() throws Exception {
        List<RoundReport> rounds = migrate(true, 0, 0, "n1").report().getRoundsList();

        int checked = 0;
        for (RoundReport round : rounds.subList(0, rounds.size() - 1)) {
            double millis = round.getDurationNanos() / 1e6;
            if (millis < ALL_WRITTEN_MILLIS) {
                double written = millis * PAGES_WRITTEN_PER_MILLI * (100 - round.getThrottlePercent()) / 100;
                assertThat((double) round.getPagesDirtied()).isCloseTo(written, withinPercentage(5));
                checked++;
            }
        }
        assertThat(checked).isGreaterThanOrEqualTo(2);
        assertThat(rounds).extracting(RoundReport::getThrottlePercent).contains(20, 50, 70);
    }

    @Test
    void throttleEndsWithTheSwitchOver() throws Exception {
        GuestMigration.Outcome outcome = migrate(true, 0, 0, "n1", "n2");
        MigrationReport report = outcome.report();

        double takenNanos = report.getRoundsList().stream()
                .mapToDouble(round -> round.getDurationNanos() * (double) round.getThrottlePercent() / 100)
                .sum();
        long linesDue = (END - report.getDowntimeNanos()) / LINE_EVERY;
        assertThat((double) linesDue - lines(outcome).size())
                .isGreaterThan(100)
                .isCloseTo(takenNanos / LINE_EVERY, withinPercentage(5));
        checkUnthrottledFrom(report.getEndedNanos() + 10 * MILLI, outcome);
    }

    @Test
    void throttleEndsWithACancel() throws Exception {
        GuestMigration.Outcome outcome = migrate(true, 2 * SECOND, 0, "n1");

        assertThat(outcome.report().getState()).isEqualTo(MigrationState.MIGRATION_CANCELLED);
        assertThat(outcome.report().getRoundsList()).last().returns(true, round -> round.getThrottlePercent() > 0);
        checkUnthrottledFrom(2 * SECOND + 10 * MILLI, outcome);
    }

    /** The guest's cycles are nanoseconds, less those of its downtime. */
    private static void checkUnthrottledFrom(long nanos, GuestMigration.Outcome outcome) {
        List<Long> lines =
                lines(outcome).stream().filter(cycle -> cycle >= nanos).toList();
        assertThat(lines).hasSizeGreaterThan(500);
        for (int i = 1; i < lines.size(); i++) {
            assertThat(lines.get(i) - lines.get(i - 1)).isEqualTo(LINE_EVERY);
        }
    }

    @Test
    void resultsDependNeitherOnTheWindowNorOnTheNumberOfNodes() throws Exception {
        GuestMigration.Outcome first = migrate(true, 0, 0, "n1");

        for (long window : new long[] {0, 333_333}) {
            assertThat(migrate(true, 0, window, "n1", "n2")).isEqualTo(first);
        }
    }
}
