package dev.simvisor.controller.experiment;

import dev.simvisor.controller.experiment.ArrivalOutcome.Fate;
import dev.simvisor.proto.api.Vm;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Keeps account of the VMs that come while a scenario runs. */
final class ArrivalBook {
    private final List<PlannedArrival> planned;
    /** Written by the time keeper's thread until the run is over. */
    private final Set<String> refused = new HashSet<>();

    ArrivalBook(List<PlannedArrival> planned) {
        this.planned = List.copyOf(planned);
    }

    List<PlannedArrival> planned() {
        return planned;
    }

    /** There was no room for it; returns when that was. */
    long refused(PlannedArrival arrival) {
        refused.add(arrival.vm());
        return arrival.atNanos() + arrival.patienceNanos();
    }

    /** In the order in which they came. What happened after the end, before somebody stopped the time, does not count. */
    List<ArrivalOutcome> outcomes(Map<String, Vm> vmsAtEnd, long endNanos) {
        return planned.stream()
                .map(arrival -> {
                    Vm vm = vmsAtEnd.get(arrival.vm());
                    if (vm != null) {
                        return new ArrivalOutcome(arrival, Fate.PLACED, vm.getCreatedNanos() - arrival.atNanos());
                    }
                    boolean patient = arrival.atNanos() + arrival.patienceNanos() > endNanos;
                    return refused.contains(arrival.vm()) && !patient
                            ? new ArrivalOutcome(arrival, Fate.REFUSED, arrival.patienceNanos())
                            : new ArrivalOutcome(arrival, Fate.WAITING, endNanos - arrival.atNanos());
                })
                .toList();
    }
}
