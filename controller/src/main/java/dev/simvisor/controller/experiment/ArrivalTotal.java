package dev.simvisor.controller.experiment;

import dev.simvisor.controller.experiment.ArrivalOutcome.Fate;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What became of several VMs that came.
 *
 * @param placed that were given a host
 * @param refused that waited in vain
 * @param waiting that still wait at the end
 * @param meanWaitNanos of those that were placed, rounded down
 * @param longestWaitNanos of those that were placed
 */
record ArrivalTotal(int came, int placed, int refused, int waiting, long meanWaitNanos, long longestWaitNanos) {
    /** Of each process, by its name; of one by which none came, too. */
    static SortedMap<String, ArrivalTotal> byProcess(Outcome outcome) {
        SortedMap<String, ArrivalTotal> totals = new TreeMap<>();
        for (String process : outcome.processes()) {
            totals.put(
                    process,
                    of(outcome.arrivals().stream()
                            .filter(arrival -> arrival.planned().process().equals(process))
                            .toList()));
        }
        return totals;
    }

    static ArrivalTotal of(List<ArrivalOutcome> arrivals) {
        int placed = count(arrivals, Fate.PLACED);
        long waited = 0;
        long longest = 0;
        for (ArrivalOutcome arrival : arrivals) {
            if (arrival.fate() == Fate.PLACED) {
                waited += arrival.waitedNanos();
                longest = Math.max(longest, arrival.waitedNanos());
            }
        }
        return new ArrivalTotal(
                arrivals.size(),
                placed,
                count(arrivals, Fate.REFUSED),
                count(arrivals, Fate.WAITING),
                placed == 0 ? 0 : waited / placed,
                longest);
    }

    private static int count(List<ArrivalOutcome> arrivals, Fate fate) {
        return (int) arrivals.stream().filter(arrival -> arrival.fate() == fate).count();
    }
}
