package dev.simvisor.controller.experiment;

/**
 * What became of a VM that came to the cluster.
 *
 * @param waitedNanos until it was placed or refused, or so far
 */
public record ArrivalOutcome(PlannedArrival planned, Fate fate, long waitedNanos) {
    /** Whether there was room. */
    public enum Fate {
        /** It was given a host, whatever became of it there. */
        PLACED,
        /** It has waited in vain, as long as it had patience. */
        REFUSED,
        /** It still waits at the end. */
        WAITING
    }
}
