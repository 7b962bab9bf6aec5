package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;

import dev.simvisor.controller.cluster.MigrationPhases.Phase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/** What is to befall a number of migrations: a function of the seed alone. */
record FaultPlan(List<Blow> blows) {
    private static final long EARLIEST_START_NANOS = 150 * MILLI;
    private static final long START_SPAN_NANOS = 300 * MILLI;
    /** Different moments of the guest's life; the first migration at each is left alone, which shows when its phases are. */
    private static final int STARTS = 4;

    private static final int LEFT_ALONE = 2;
    private static final int LONGEST_DELAY_MICROS = 4000;

    /** What happens to a migration. */
    enum Fault {
        NONE,
        CANCEL,
        /** SIGKILL to the process of the source's node. */
        KILL_SOURCE,
        /** SIGKILL to the process of the target's node. */
        KILL_TARGET
    }

    /**
     * What happens to one migration.
     *
     * @param startNanos when it is asked for, in the VM's life
     * @param fraction where in the phase the blow falls, 0 to 1
     * @param standing whether virtual time stands while the process is killed; else it is killed in the midst of its work,
     *     {@code delayMicros} of wall time later
     */
    record Blow(
            int number,
            long startNanos,
            Fault fault,
            Phase phase,
            double fraction,
            boolean standing,
            int delayMicros) {}

    static FaultPlan of(long seed, int migrations) {
        Random random = new Random(seed);
        long[] starts = random.longs(STARTS, EARLIEST_START_NANOS, EARLIEST_START_NANOS + START_SPAN_NANOS)
                .toArray();
        Deque<Card> deck = new ArrayDeque<>();
        List<Blow> blows = new ArrayList<>();
        for (int number = 0; number < migrations; number++) {
            if (deck.isEmpty()) {
                deck.addAll(shuffled(random));
            }
            Card card = number < STARTS ? new Card(Fault.NONE, Phase.OVER) : deck.remove();
            boolean kills = card.fault() == Fault.KILL_SOURCE || card.fault() == Fault.KILL_TARGET;
            blows.add(new Blow(
                    number,
                    starts[number % STARTS],
                    card.fault(),
                    card.phase(),
                    random.nextDouble(),
                    kills && random.nextBoolean(),
                    random.nextInt(LONGEST_DELAY_MICROS)));
        }
        return new FaultPlan(blows);
    }

    private record Card(Fault fault, Phase phase) {}

    /** Every fault in every phase once, and some migrations that are left alone, so that a short plan misses nothing. */
    private static List<Card> shuffled(Random random) {
        List<Card> cards = new ArrayList<>(Collections.nCopies(LEFT_ALONE, new Card(Fault.NONE, Phase.OVER)));
        for (Phase phase : Phase.values()) {
            cards.add(new Card(Fault.CANCEL, phase));
            cards.add(new Card(Fault.KILL_SOURCE, phase));
            cards.add(new Card(Fault.KILL_TARGET, phase));
        }
        Collections.shuffle(cards, random);
        return cards;
    }
}
