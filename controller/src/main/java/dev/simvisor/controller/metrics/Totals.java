package dev.simvisor.controller.metrics;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** What measurements add up to. */
public final class Totals {
    /**
     * Of one host, or of several.
     *
     * @param capacityNanos processor time that there was while it was up
     * @param energyJoules empty where it is not known of each
     */
    public record Total(
            long upNanos,
            long capacityNanos,
            long busyNanos,
            long readyNanos,
            long linkSentBytes,
            OptionalDouble energyJoules) {
        private static final Total NOTHING = new Total(0, 0, 0, 0, 0, OptionalDouble.of(0));

        private static Total of(HostFigures host) {
            return new Total(
                    host.upNanos(),
                    host.upNanos() * host.pcpus(),
                    host.busyNanos(),
                    host.readyNanos(),
                    host.linkSentBytes(),
                    host.energyJoules());
        }

        private Total plus(Total other) {
            return new Total(
                    upNanos + other.upNanos,
                    capacityNanos + other.capacityNanos,
                    busyNanos + other.busyNanos,
                    readyNanos + other.readyNanos,
                    linkSentBytes + other.linkSentBytes,
                    energyJoules.isPresent() && other.energyJoules.isPresent()
                            ? OptionalDouble.of(energyJoules.getAsDouble() + other.energyJoules.getAsDouble())
                            : OptionalDouble.empty());
        }

        /** Which part of the processors' time was used, from 0 to 1. */
        public double utilization() {
            return capacityNanos == 0 ? 0 : (double) busyNanos / capacityNanos;
        }
    }

    private Totals() {}

    /** Of each host, by name. */
    public static Map<String, Total> byHost(List<Measurement> measurements) {
        Map<String, Total> totals = new LinkedHashMap<>();
        for (Measurement measurement : measurements) {
            for (HostFigures host : measurement.hosts()) {
                totals.merge(host.host(), Total.of(host), Total::plus);
            }
        }
        return totals;
    }

    /** Of all hosts. */
    public static Total ofAll(List<Measurement> measurements) {
        Total total = Total.NOTHING;
        for (Total host : byHost(measurements).values()) {
            total = total.plus(host);
        }
        return total;
    }
}
