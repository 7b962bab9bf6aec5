package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;

import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.NamedDuration;

/** When the phases of a migration begin, in virtual nanoseconds from the moment at which it was asked for. */
record MigrationPhases(long copying, long lastRound, long handOver, long verifying, long over) {
    private static final long AFTERMATH_NANOS = 20 * MILLI;

    /** Where a migration is. */
    enum Phase {
        /** The target reserves memory. */
        PREPARING,
        /** Rounds, while the guest runs. */
        COPYING,
        /** The guest is paused, its last pages are on their way. */
        LAST_ROUND,
        /** The source has sent the hand-over; it has not arrived. */
        HAND_OVER,
        /** The target has all and has not been heard of; the controller has not decided. */
        VERIFYING,
        /** The VM is the target's. */
        OVER
    }

    /** Of a migration that nothing disturbed. */
    static MigrationPhases of(MigrationReport report, long askedNanos) {
        long over = report.getEndedNanos() - askedNanos;
        long lastRound = over - report.getDowntimeNanos();
        long handOver = lastRound + downtime(report, "last round");
        return new MigrationPhases(
                report.getSetupNanos(),
                lastRound,
                handOver,
                handOver + downtime(report, "hand-over on the link"),
                over);
    }

    private static long downtime(MigrationReport report, String cause) {
        return report.getDowntimeList().stream()
                .filter(part -> part.getName().equals(cause))
                .mapToLong(NamedDuration::getNanos)
                .findFirst()
                .orElseThrow();
    }

    /** A moment within a phase, at neither of its ends. */
    long momentIn(Phase phase, double fraction) {
        long begin = begin(phase);
        long end = phase == Phase.OVER ? over + AFTERMATH_NANOS : begin(Phase.values()[phase.ordinal() + 1]);
        return begin + 1 + (long) (fraction * (end - begin - 2));
    }

    /** The phase at a moment. */
    Phase at(long nanos) {
        Phase phase = Phase.PREPARING;
        for (Phase next : Phase.values()) {
            if (begin(next) <= nanos) {
                phase = next;
            }
        }
        return phase;
    }

    private long begin(Phase phase) {
        return switch (phase) {
            case PREPARING -> 0;
            case COPYING -> copying;
            case LAST_ROUND -> lastRound;
            case HAND_OVER -> handOver;
            case VERIFYING -> verifying;
            case OVER -> over;
        };
    }
}
