package dev.simvisor.controller.experiment;

import dev.simvisor.config.ArrivalProcess;
import dev.simvisor.config.ArrivalProcess.Source;
import dev.simvisor.config.Experiment;
import dev.simvisor.config.VmType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/** Draws all arrivals of a scenario, before it runs: they depend on its seed and its processes alone. */
final class ArrivalPlan {
    /** A lifetime that comes to nothing is one nonetheless: a request's 0 is none, until the guest ends. */
    private static final long SHORTEST_LIFETIME_NANOS = 1;

    private final long seed;
    private final long endNanos;

    private ArrivalPlan(long seed, long endNanos) {
        this.seed = seed;
        this.endNanos = endNanos;
    }

    /**
     * Those that come before the scenario's end, in the order in which they come, and at equal times in that of the processes.
     *
     * @throws ExperimentFailed when there is no end of them
     */
    static List<PlannedArrival> of(Experiment experiment) throws ExperimentFailed {
        ArrivalPlan plan = new ArrivalPlan(
                experiment.topology().seed(),
                experiment.actions().getLast().at().nanos());
        List<PlannedArrival> arrivals = new ArrayList<>();
        for (ArrivalProcess process : experiment.arrivals()) {
            arrivals.addAll(plan.arrivals(process));
        }
        arrivals.sort(Comparator.comparingLong(PlannedArrival::atNanos)); // a stable sort
        return List.copyOf(arrivals);
    }

    private List<PlannedArrival> arrivals(ArrivalProcess process) throws ExperimentFailed {
        return switch (process.source()) {
            case Source.Drawn drawn -> drawn(process, drawn);
            case Source.Trace trace -> recorded(process, trace);
        };
    }

    /** Lifetimes have a stream of their own, so that another distribution of them leaves the times as they are. */
    private List<PlannedArrival> drawn(ArrivalProcess process, Source.Drawn drawn) throws ExperimentFailed {
        RandomStream interarrivals = new RandomStream(seed, process.name() + "/interarrival");
        RandomStream lifetimes = new RandomStream(seed, process.name() + "/lifetime");
        int most = drawn.count().orElse(ArrivalProcess.MOST_ARRIVALS);
        List<PlannedArrival> arrivals = new ArrayList<>();
        long nanos = drawn.from().nanos() + interarrivals.nextNanos(drawn.interarrival());
        while (nanos < drawn.until().nanos() && arrivals.size() < most) {
            OptionalLong lifetime = drawn.lifetime().isPresent()
                    ? OptionalLong.of(lifetimes.nextNanos(drawn.lifetime().get()))
                    : OptionalLong.empty();
            arrivals.add(arrival(process, arrivals.size() + 1, drawn.type(), nanos, lifetime));
            nanos += interarrivals.nextNanos(drawn.interarrival());
        }
        if (nanos < drawn.until().nanos() && drawn.count().isEmpty()) {
            throw new ExperimentFailed("arrivals " + process.name() + ": more than " + ArrivalProcess.MOST_ARRIVALS
                    + " VMs come until " + drawn.until()
                    + ": expected longer times between them, a count or an earlier end");
        }
        return arrivals;
    }

    private List<PlannedArrival> recorded(ArrivalProcess process, Source.Trace trace) {
        List<PlannedArrival> arrivals = new ArrayList<>();
        for (Source.Trace.Entry entry : trace.entries()) {
            if (entry.at().nanos() < endNanos) {
                OptionalLong lifetime = entry.lifetime()
                        .map(span -> OptionalLong.of(span.nanos()))
                        .orElse(OptionalLong.empty());
                arrivals.add(arrival(
                        process, arrivals.size() + 1, entry.type(), entry.at().nanos(), lifetime));
            }
        }
        return arrivals;
    }

    private static PlannedArrival arrival(
            ArrivalProcess process, int number, VmType type, long nanos, OptionalLong lifetime) {
        return new PlannedArrival(
                process.name() + "-" + number,
                process.name(),
                type,
                nanos,
                lifetime.isPresent()
                        ? OptionalLong.of(Math.max(SHORTEST_LIFETIME_NANOS, lifetime.getAsLong()))
                        : lifetime,
                process.text().orElse(""),
                process.patience().nanos());
    }
}
