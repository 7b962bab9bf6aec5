package dev.simvisor.node.vmm.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.migration.SourceMigration.Action;
import dev.simvisor.node.vmm.migration.SourceMigration.Cause;
import dev.simvisor.node.vmm.migration.SourceMigration.Event;
import dev.simvisor.node.vmm.migration.SourceMigration.Outcome;
import dev.simvisor.node.vmm.migration.SourceMigration.State;
import dev.simvisor.node.vmm.migration.SourceMigration.Step;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.RoundReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class SourceMigrationTest {
    private static final int PAGES_PER_MIB = 256;
    private static final long MIB = 1 << 20;
    private static final long MILLI = 1_000_000;

    /** 256 MiB of which 240 are incompressible; 64 MiB of them are written one after the other, round and round. */
    private record WritingGuest(double mibPerSecond) {
        WritingGuest heldBack(int percent) {
            return new WritingGuest(mibPerSecond * (100 - percent) / 100);
        }

        static final int PAGES = 256 * PAGES_PER_MIB;
        static final int ZERO_PAGES = 16 * PAGES_PER_MIB;
        static final int WRITTEN_FROM = 100 * PAGES_PER_MIB;
        static final int WORKING_SET = 64 * PAGES_PER_MIB;

        BitSet dirtied(long fromNanos, long toNanos) {
            BitSet pages = new BitSet();
            long first = pageWrites(fromNanos);
            long end = Math.min(pageWrites(toNanos), first + WORKING_SET);
            for (long write = first; write < end; write++) {
                pages.set(WRITTEN_FROM + (int) (write % WORKING_SET));
            }
            return pages;
        }

        private long pageWrites(long nanos) {
            return (long) (mibPerSecond * PAGES_PER_MIB * nanos / 1e9);
        }
    }

    /** What came of one migration. */
    private record Result(List<RoundReport> rounds, Cause cause, long downtimeNanos, long totalNanos) {
        double sentMib() {
            return rounds.stream().mapToLong(RoundReport::getBytes).sum() / (double) MIB;
        }
    }

    private static Result migrate(MigrationPlan plan, WritingGuest unthrottled) {
        WritingGuest guest = unthrottled;
        BitSet all = new BitSet();
        all.set(0, WritingGuest.PAGES);
        List<RoundReport> rounds = new ArrayList<>();
        List<Action> todo = new ArrayList<>();
        State state = new State.Ready(plan);
        long now = 0;
        long roundBegan = 0;
        boolean paused = false;
        Event event = new Event.Begin(0, all);
        while (true) {
            Step step = SourceMigration.next(state, event);
            state = step.state();
            todo.addAll(step.actions());
            event = null;
            while (event == null) {
                switch (todo.removeFirst()) {
                    case Action.SendPages(BitSet gfns) -> {
                        int zero = gfns.get(0, WritingGuest.ZERO_PAGES).cardinality();
                        event = new Event.PagesSent(now, sent(plan.coding(), gfns.cardinality() - zero, zero));
                        roundBegan = now;
                    }
                    case Action.SuspendGuest() -> {
                        paused = true;
                        event = new Event.Suspended(now, new BitSet());
                    }
                    case Action.SendState(BitSet withheld) -> event = new Event.StateSent(now, 50_000, "hash");
                    case Action.WakeAt(long nanos) -> {
                        now = nanos;
                        event = paused
                                ? new Event.FinalCopyOver(now)
                                : new Event.RoundOver(now, guest.dirtied(roundBegan, now));
                    }
                    case Action.ReportRound(RoundReport round) -> rounds.add(round);
                    case Action.Throttle(int percent) -> guest = unthrottled.heldBack(percent);
                    case Action.HandOver(Cause cause, long pausedNanos, long copyNanos, String hash, int missing) -> {
                        return new Result(rounds, cause, copyNanos, now);
                    }
                    default -> {}
                }
            }
        }
    }

    /** Compressed, contents take a third. */
    private static SentPages sent(PageCoding coding, long full, long zeros) {
        SentPages asTheyAre = SentPages.of(full, zeros);
        long bytes = full * GuestMachine.PAGE_BYTES;
        return coding.zstd()
                ? asTheyAre.with(
                        new SentPages(0, 0, 0, 0, 0, 0, new SentPages.Compression(full, bytes, Math.ceilDiv(bytes, 3))))
                : asTheyAre;
    }

    /**
     * As many pages may remain as QEMU leaves by a limit of 300 ms: it reckons with the rate of the rounds, although its last one
     * has no limit, so ours must be the shorter by how much faster the link is.
     */
    private static MigrationPlan plan(double mibPerSecond, int maxRounds) {
        return plan(mibPerSecond, maxRounds, false);
    }

    private static MigrationPlan plan(double mibPerSecond, int maxRounds, boolean autoConverge) {
        long rate = (long) (mibPerSecond * MIB);
        long link = 1024 * MIB;
        return new MigrationPlan(
                MigrationAlgorithm.PRE_COPY,
                rate,
                link,
                0,
                300 * MILLI * rate / link,
                maxRounds,
                autoConverge,
                PageCoding.NONE);
    }

    /** REFERENCES, "Live migration: QEMU 7.2 TCG, loopback": bandwidth limit, R, total ms and MiB sent, as measured. */
    private static final double[][] QEMU = {
        {32, 0, 7622, 244.9}, {32, 4, 8316, 274}, {32, 16, 10537, 346}, {32, 24, 14532, 473}, {32, 28, 20267, 656},
        {125, 0, 1864, 245}, {125, 4, 1855, 248}, {125, 64, 2240, 305}, {125, 100, 2420, 337}, {125, 140, 2829, 380}
    };

    /**
     * All rows within 12%, but for one: at 100 MiB/s the measured guest, which catches up in bursts after each pause of the
     * emulator, wrote fewer distinct pages than its rate says.
     */
    @Test
    void totalsAgreeWithQemuWithFivePercentMedianError() {
        double[] errors = new double[QEMU.length];
        for (int i = 0; i < errors.length; i++) {
            double[] measured = QEMU[i];
            Result result = migrate(plan(measured[0], 1000), new WritingGuest(measured[1]));
            errors[i] = Math.abs(result.totalNanos() / 1e6 / measured[2] - 1);
            assertThat(result.cause()).isEqualTo(Cause.CONVERGED);
            if (measured[1] != 100) {
                assertThat(errors[i]).isLessThan(0.12);
                assertThat(result.sentMib()).isCloseTo(measured[3], withinPercentage(12));
            }
        }
        Arrays.sort(errors);
        assertThat((errors[4] + errors[5]) / 2).isLessThan(0.05);
    }

    /** The first round leaves for the switch-over what may wait. */
    @Test
    void roundsSayHowMuchThereWasToSend() {
        List<RoundReport> rounds = migrate(plan(32, 7), new WritingGuest(0)).rounds();

        assertThat(rounds.getFirst().getPagesToSend()).isEqualTo(WritingGuest.PAGES);
        assertThat(rounds.getFirst().getPages() + rounds.getFirst().getZeroPages())
                .isLessThan(WritingGuest.PAGES);
        for (int i = 1; i < rounds.size(); i++) {
            assertThat(rounds.get(i).getPagesToSend())
                    .isEqualTo(rounds.get(i - 1).getPagesRemaining());
        }
    }

    @Test
    void guestThatWritesFasterThanTheLinkIsPausedAfterTheLastRound() {
        Result result = migrate(plan(32, 7), new WritingGuest(40));

        assertThat(result.cause()).isEqualTo(Cause.MAX_ROUNDS);
        assertThat(result.rounds()).hasSize(8);
    }

    // ---- auto-converge

    private static MigrationPlan autoConverging(double mibPerSecond, int maxRounds) {
        return plan(mibPerSecond, maxRounds, true);
    }

    /** The first round is productive: all memory is sent, of which the guest writes to no more than a quarter. */
    @Test
    void throttleRisesAtEverySecondUnproductiveRoundUntilThePathIsFaster() {
        Result result = migrate(autoConverging(32, 30), new WritingGuest(60));

        assertThat(result.cause()).isEqualTo(Cause.CONVERGED);
        List<Integer> throttles =
                result.rounds().stream().map(RoundReport::getThrottlePercent).toList();
        assertThat(throttles)
                .startsWith(0, 0, 0, 20, 20, 30, 30, 40, 40, 50, 50)
                .endsWith(0);
        assertThat(throttles.subList(0, throttles.size() - 1)).isSorted();
        assertThat(throttles).allMatch(percent -> percent < 99);
    }

    @Test
    void throttleStaysAtNinetyNinePercent() {
        Result result = migrate(autoConverging(1, 24), new WritingGuest(10_000));

        assertThat(result.rounds().subList(15, 17))
                .extracting(RoundReport::getThrottlePercent)
                .containsExactly(80, 80);
        assertThat(result.rounds().subList(19, 24))
                .extracting(RoundReport::getThrottlePercent)
                .containsOnly(99);
    }

    @Test
    void guestThatConvergesIsNotHeldBack() {
        Result result = migrate(autoConverging(32, 30), new WritingGuest(4));

        assertThat(result.rounds())
                .isEqualTo(migrate(plan(32, 30), new WritingGuest(4)).rounds());
    }

    @Test
    void whateverEndsTheRoundsEndsTheThrottle() {
        MigrationPlan plan = autoConverging(32, 3);
        State copying =
                new State.Copying(plan, 3, new BitSet(), 0, 0, SourceMigration.Sent.NOTHING, new Throttle(40, 0));
        BitSet much = new BitSet();
        much.set(0, WritingGuest.PAGES);

        for (Event event : List.of(
                new Event.RoundOver(1, new BitSet()),
                new Event.RoundOver(1, much),
                new Event.StreamLost("connection reset"),
                new Event.Aborted())) {
            Step step = SourceMigration.next(copying, event);
            assertThat(step.state()).isNotInstanceOf(State.Copying.class);
            assertThat(step.actions()).contains(new Action.Throttle(0));
        }
    }

    @Test
    void stopAndCopySendsEverythingOnceWhileTheGuestWaits() {
        MigrationPlan plan = new MigrationPlan(
                MigrationAlgorithm.STOP_AND_COPY, 32 * MIB, 32 * MIB, 0, 300 * MILLI, 30, false, PageCoding.NONE);

        Result result = migrate(plan, new WritingGuest(16));

        assertThat(result.cause()).isEqualTo(Cause.STOP_AND_COPY);
        assertThat(result.rounds()).hasSize(1);
        assertThat(result.rounds().getFirst().getPages()).isEqualTo(WritingGuest.PAGES - WritingGuest.ZERO_PAGES);
        assertThat(result.downtimeNanos()).isEqualTo(result.totalNanos());
    }

    @Test
    void downtimeOfTheLastCopyAndTwoLatenciesMeetsTheLimit() {
        MigrationPlan plan = new MigrationPlan(
                MigrationAlgorithm.PRE_COPY, 32 * MIB, 32 * MIB, 20 * MILLI, 300 * MILLI, 1000, false, PageCoding.NONE);

        Result result = migrate(plan, new WritingGuest(16));

        assertThat(result.downtimeNanos() + 2 * plan.latencyNanos()).isLessThanOrEqualTo(302 * MILLI);
    }

    /** In 40 ms the rounds could send 1.3 MiB, less than the guest writes in the shortest of them, and the last one 41 MiB. */
    @Test
    void limitOfTheRoundsRateDoesNotKeepALinkFromMeetingTheDowntimeLimit() {
        MigrationPlan plan = new MigrationPlan(
                MigrationAlgorithm.PRE_COPY, 32 * MIB, 1024 * MIB, 0, 40 * MILLI, 30, false, PageCoding.NONE);

        Result result = migrate(plan, new WritingGuest(31));

        assertThat(result.cause()).isEqualTo(Cause.CONVERGED);
        assertThat(result.downtimeNanos()).isBetween(30 * MILLI, 40 * MILLI);
        assertThat(plan.switchOverPages()).isCloseTo(40 * PAGES_PER_MIB * 1024 / 1000, withinPercentage(1));
    }

    // ---- coding

    private static MigrationPlan coding(long mibPerSecond, int maxRounds, PageCoding coding) {
        long rate = mibPerSecond * MIB;
        return new MigrationPlan(MigrationAlgorithm.PRE_COPY, rate, rate, 0, 30 * MILLI, maxRounds, false, coding);
    }

    private static RoundReport firstRound(long mibPerSecond, PageCoding coding) {
        return migrate(coding(mibPerSecond, 30, coding), new WritingGuest(0))
                .rounds()
                .getFirst();
    }

    @Test
    void roundOnASlowPathIsShorterByWhatCompressionSaves() {
        RoundReport plain = firstRound(100, PageCoding.NONE);
        RoundReport compressed = firstRound(100, new PageCoding(0, true, 1));

        assertThat(plain.getCodingNanos()).isZero();
        assertThat(plain.hasCompression()).isFalse();
        assertThat(compressed.getPages()).isGreaterThanOrEqualTo(plain.getPages());
        assertThat(compressed.getCompression().getPages()).isEqualTo(compressed.getPages());
        assertThat(compressed.getCompression().getRatio()).isCloseTo(3, withinPercentage(1));
        assertThat(compressed.getDurationNanos())
                .isEqualTo(MigrationPlan.nanos(compressed.getBytes(), 100 * MIB))
                .isGreaterThan(compressed.getCodingNanos())
                .isLessThan(plain.getDurationNanos() / 2);
    }

    @Test
    void roundOnAFastPathTakesAsLongAsItsChannelsTakeToCode() {
        for (int channels : new int[] {1, 4}) {
            RoundReport round = firstRound(3000, new PageCoding(0, true, channels));

            long oneThreadNanos = Math.ceilDiv(round.getPages() * GuestMachine.PAGE_BYTES * 100, 51);
            assertThat(round.getDurationNanos())
                    .isEqualTo(Math.ceilDiv(oneThreadNanos, channels))
                    .isEqualTo(round.getCodingNanos());
        }
        assertThat(firstRound(3000, new PageCoding(0, true, 1)).getDurationNanos())
                .isGreaterThan(firstRound(3000, PageCoding.NONE).getDurationNanos());
    }

    @Test
    void channelsWithNothingToCodeMakeNoDifference() {
        assertThat(firstRound(3000, new PageCoding(0, false, 4))).isEqualTo(firstRound(3000, PageCoding.NONE));
    }

    @Test
    void deltasAreMadeAtTheRateOfXbzrle() {
        PageCoding coding = new PageCoding(64 * MIB, false, 2);
        SentPages deltas = new SentPages(10, 0, 90, 900, 0, 100, SentPages.Compression.NONE);

        assertThat(coding.nanos(deltas)).isEqualTo(100 * 4096 * 5 / 8 / 2);
        assertThat(coding(100_000, 30, coding).roundNanos(deltas)).isEqualTo(coding.nanos(deltas));
        assertThat(coding(1, 30, coding).roundNanos(deltas))
                .isEqualTo(MigrationPlan.nanos(deltas.wireBytes(), MIB))
                .isGreaterThan(coding.nanos(deltas));
    }

    /** By the path alone, what is left after the first round could be sent in a fifth of the limit. */
    @Test
    void whatRemainsIsWeighedByTheTimeThatItTakesToCode() {
        for (int channels : new int[] {1, 4}) {
            PageCoding coding = new PageCoding(64 * MIB, true, channels);
            MigrationPlan plan = coding(10_000, 1000, coding);
            long most = plan.switchOverPages();
            SentPages worst =
                    sent(coding, most, 0).with(new SentPages(0, 0, 0, 0, 0, most, SentPages.Compression.NONE));

            assertThat(plan.lastRoundNanos(worst, worst.wireBytes())).isBetween(30 * MILLI * 99 / 100, 30 * MILLI);
            Result result = migrate(plan, new WritingGuest(100));
            assertThat(result.cause()).isEqualTo(Cause.CONVERGED);
            assertThat(result.downtimeNanos()).isLessThanOrEqualTo(30 * MILLI);
        }
    }

    @Test
    void estimatesOfAPathSlowerThanItsChannelsAreThoseOfThePath() {
        PageCoding coding = new PageCoding(0, true, 1);

        assertThat(coding(100, 30, coding).switchOverPages())
                .isEqualTo(coding(100, 30, PageCoding.NONE).switchOverPages());
    }

    @Test
    void abortWhilePausedResumesTheGuest() {
        State switching = new State.Switching(
                plan(32, 30), Cause.CONVERGED, 3, 0, Push.NOTHING, SourceMigration.Sent.NOTHING, "hash");

        Step step = SourceMigration.next(switching, new Event.Aborted());

        assertThat(step.state()).isEqualTo(new State.Ended(Outcome.KEPT));
        assertThat(step.actions()).contains(new Action.ResumeGuest());
    }

    @Test
    void lostStreamAfterTheHandOverLeavesTheDecisionToTheController() {
        State handedOver = new State.HandedOver(plan(32, 30));

        Step step = SourceMigration.next(handedOver, new Event.StreamLost("connection reset"));

        assertThat(step.state()).isEqualTo(handedOver);
        assertThat(step.actions()).isEmpty();
    }

    private static MigrationPlan leaving(MigrationAlgorithm algorithm) {
        return new MigrationPlan(algorithm, 32 * MIB, 1024 * MIB, 0, MILLI / 32, 1, false, PageCoding.NONE);
    }

    private static Step after(State state, Event... events) {
        Step step = new Step(state, List.of());
        for (Event event : events) step = SourceMigration.next(step.state(), event);
        return step;
    }

    private static BitSet range(int from, int to) {
        BitSet pages = new BitSet();
        pages.set(from, to);
        return pages;
    }

    @Test
    void postCopyPausesAtOnceAndHandsOverTheStateAlone() {
        State ready = new State.Ready(leaving(MigrationAlgorithm.POST_COPY));
        BitSet all = range(0, 1000);

        Step suspended = after(ready, new Event.Begin(0, all), new Event.Suspended(0, new BitSet()));
        assertThat(suspended.actions()).contains(new Action.WithholdPages(all));
        Step withheld = after(suspended.state(), new Event.PagesWithheld(range(0, 10)));
        assertThat(withheld.actions()).containsExactly(new Action.SendState(all));
        Step handedOver =
                after(withheld.state(), new Event.StateSent(0, 50_000, "hash"), new Event.FinalCopyOver(50_000));

        assertThat(handedOver.actions())
                .contains(new Action.HandOver(Cause.POST_COPY, 0, 50_000, "hash", 1000))
                .hasAtLeastOneElementOfType(Action.WakeAt.class);
        assertThat(handedOver.state()).isInstanceOf(State.Pushing.class);
    }

    @Test
    void hybridLeavesWhatItsRoundsHaveLeft() {
        State ready = new State.Ready(leaving(MigrationAlgorithm.HYBRID));
        BitSet written = range(500, 600);

        Step round = after(
                ready,
                new Event.Begin(0, range(0, 1000)),
                new Event.PagesSent(0, SentPages.of(1000, 0)),
                new Event.RoundOver(MILLI, written));
        Step suspended = after(round.state(), new Event.Suspended(MILLI, range(600, 601)));

        assertThat(suspended.actions()).contains(new Action.WithholdPages(range(500, 601)));
    }

    @Test
    void hybridThatConvergesLeavesNothing() {
        State ready = new State.Ready(leaving(MigrationAlgorithm.HYBRID));

        Step round = after(
                ready,
                new Event.Begin(0, range(0, 1000)),
                new Event.PagesSent(0, SentPages.of(1000, 0)),
                new Event.RoundOver(MILLI, range(0, 1)));
        Step suspended = after(round.state(), new Event.Suspended(MILLI, new BitSet()));

        assertThat(suspended.actions()).contains(new Action.SendPages(range(0, 1)));
    }

    /** The first page is on its way, all others up to 100 remain, of which the first ten are zeros. */
    private static State.Pushing pushing() {
        MigrationPlan plan = leaving(MigrationAlgorithm.POST_COPY);
        Push.Burst burst = Push.of(range(0, 1), new BitSet()).next(1);
        return new State.Pushing(plan, Push.of(range(1, 100), range(0, 10)), burst);
    }

    private static Action.DeliverPages delivered(Step step) {
        return step.actions().stream()
                .filter(Action.DeliverPages.class::isInstance)
                .map(Action.DeliverPages.class::cast)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void wantedPageGoesNextAndItsNeighboursFollow() {
        Step wanted = after(pushing(), new Event.PagesWanted(range(50, 51)), new Event.BurstOver(0));
        assertThat(delivered(wanted).gfns()).isEqualTo(range(0, 1));
        Step next = after(wanted.state(), new Event.BurstOver(0));
        assertThat(delivered(next)).isEqualTo(new Action.DeliverPages(range(50, 51), SentPages.of(1, 0), true));

        BitSet bubble = delivered(after(next.state(), new Event.BurstOver(0))).gfns();
        assertThat(bubble.get(49)).isTrue();
        assertThat(bubble.get(51)).isTrue();
        assertThat(bubble.length() - bubble.nextSetBit(0)).isEqualTo(bubble.cardinality() + 1);
    }

    @Test
    void pagesThatAreOnTheirWayAreNotSentAgain() {
        Step wanted = after(pushing(), new Event.PagesWanted(range(0, 1)));

        assertThat(((State.Pushing) wanted.state()).rest().wanted()).isEqualTo(new BitSet());
    }

    @Test
    void everyPageIsDeliveredOnceAndThenTheSourceWaitsToBeTold() {
        State state = pushing();
        List<Integer> delivered = new ArrayList<>();
        for (int n = 0; state instanceof State.Pushing; n++) {
            if (n % 3 == 0)
                state = after(state, new Event.PagesWanted(range(7 * n % 90, 7 * n % 90 + 4)))
                        .state();
            Step step = SourceMigration.next(state, new Event.BurstOver(n));
            delivered(step).gfns().stream().forEach(delivered::add);
            state = step.state();
        }

        assertThat(state).isInstanceOf(State.HandedOver.class);
        assertThat(delivered).hasSize(100).doesNotHaveDuplicates();
        assertThat(after(state, new Event.PagesWanted(range(3, 4))).actions()).isEmpty();
    }

    @Test
    void abortBeforeTheDecisionKeepsThePushedGuest() {
        Step kept = after(pushing(), new Event.Aborted());
        assertThat(kept.actions()).contains(new Action.ResumeGuest());
        Step late = SourceMigration.next(kept.state(), new Event.BurstOver(1));
        assertThat(late.actions()).isEmpty();

        assertThat(after(pushing(), new Event.GivenUp()).actions()).contains(new Action.DestroyGuest());
        assertThat(after(pushing(), new Event.StreamLost("connection reset")).state())
                .isEqualTo(pushing());
    }

    @Test
    void givenUpVmIsDestroyedAtTheSource() {
        Step step = SourceMigration.next(new State.HandedOver(plan(32, 30)), new Event.GivenUp());

        assertThat(step.state()).isEqualTo(new State.Ended(Outcome.GIVEN_UP));
        assertThat(step.actions()).contains(new Action.DestroyGuest());
    }
}
