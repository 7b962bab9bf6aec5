package dev.simvisor.controller.modecosts;

import dev.simvisor.config.VirtualizationMode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the benchmarks took by one cost model.
 *
 * @param costModel its name
 * @param modes what came of each, in the order of the experiment
 */
public record ModeCosts(String costModel, Map<VirtualizationMode, OfMode> modes) {
    /**
     * What came of a mode.
     *
     * @param costs by the name of the benchmark; one that the guest did not live to finish is not there
     * @param ending how the guest ended, unless it switched itself off
     * @param slip the first critical instruction that went wrong unnoticed, and how: from there on the guest was not what it
     *     would have been
     */
    public record OfMode(Map<String, Cost> costs, Optional<String> ending, Optional<String> slip) {
        public OfMode {
            costs = Collections.unmodifiableMap(new LinkedHashMap<>(costs));
        }
    }

    /**
     * What an operation took.
     *
     * @param cycles as the guest read them from its time-stamp counter
     * @param exits by kind
     */
    public record Cost(double cycles, SortedMap<String, Double> exits) {
        public Cost {
            exits = Collections.unmodifiableSortedMap(new TreeMap<>(exits));
        }
    }

    public ModeCosts {
        modes = Collections.unmodifiableMap(new LinkedHashMap<>(modes));
    }

    /** What an operation took in a mode. */
    public Optional<Cost> cost(VirtualizationMode mode, String benchmark) {
        return Optional.ofNullable(modes.get(mode)).map(costs -> costs.costs().get(benchmark));
    }
}
