package dev.simvisor.controller.metrics;

import dev.simvisor.proto.api.HostState;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What happened from one virtual time to another.
 *
 * @param hosts all there are, by name
 * @param vms those that were on a host, by name; one that moved is there once for each host
 */
public record Measurement(long fromNanos, long untilNanos, List<HostFigures> hosts, List<VmFigures> vms) {
    /**
     * A host in an interval.
     *
     * @param state at its end
     * @param upNanos how long the host was up
     * @param busyNanos how long its processors were at work, added up over them; a processor that is amid something in the end
     *     has it counted to its end, so that this may exceed the interval by an instruction or an exit
     * @param readyNanos how long vCPUs had something to execute and no processor, or had used up their cap; added up over them
     * @param vmsRunning at its end
     * @param vmsPaused at its end
     * @param memoryReservedBytes given at its end to VMs, and to those on their way here
     * @param memoryTouchedBytes written at its end by VMs; what several share counts once for each
     * @param memorySavedBytes of that, what its memory did not hold at its end, because VMs shared it
     * @param linkSentBytes of migrations' rounds and clones that the host had sent in full
     * @param energyJoules drawn while the host was up; empty where its type has no power model
     */
    public record HostFigures(
            String host,
            HostState state,
            int pcpus,
            long upNanos,
            long busyNanos,
            long readyNanos,
            int vmsRunning,
            int vmsPaused,
            long memoryReservedBytes,
            long memoryTouchedBytes,
            long memorySavedBytes,
            long linkSentBytes,
            OptionalDouble energyJoules) {
        /** Which part of the processors' time was used while the host was up, from 0 to 1. */
        public double utilization() {
            return upNanos == 0 ? 0 : (double) busyNanos / pcpus / upNanos;
        }
    }

    /**
     * A VM on a host in an interval.
     *
     * @param busyNanos how long its vCPUs were at work
     * @param readyNanos how long it had something to execute and no processor, or had used up its cap
     * @param instructions that it executed
     * @param memoryTouchedBytes written at the interval's end, or when it left
     */
    public record VmFigures(
            String vm, String host, long busyNanos, long readyNanos, long instructions, long memoryTouchedBytes) {}

    private static final double NANOS_PER_SECOND = 1e9;

    public Measurement {
        hosts = List.copyOf(hosts);
        vms = List.copyOf(vms);
    }

    /** What one of the hosts drew on the average of the interval; empty where that is not known. */
    public OptionalDouble watts(HostFigures host) {
        double seconds = (untilNanos - fromNanos) / NANOS_PER_SECOND;
        return host.energyJoules().isPresent()
                ? OptionalDouble.of(host.energyJoules().getAsDouble() / seconds)
                : OptionalDouble.empty();
    }
}
