package dev.simvisor.config;

import java.util.List;
import java.util.Optional;

/**
 * VMs that come to a cluster by themselves, wait for room if there is none, and leave.
 *
 * @param name of the process; its VMs are called that with a hyphen and a number from 1 on behind
 * @param source when they come, and what they are
 * @param text typed on the console of each when it has been placed
 * @param patience how long each waits for room before it counts as refused; zero is not at all
 */
public record ArrivalProcess(String name, Source source, Optional<String> text, VirtualDuration patience) {
    /** A run in which more VMs come than so many of one process is a mistake. */
    public static final int MOST_ARRIVALS = 100_000;

    /** Where arrivals come from. */
    public sealed interface Source {
        /**
         * Drawn at random.
         *
         * @param interarrival between two arrivals, and before the first
         * @param lifetime from when a VM is placed; empty is until its guest ends
         * @param from when the process begins
         * @param until when it ends, if {@code count} VMs have not come before; no VM comes then or later
         */
        record Drawn(
                VmType type,
                Distribution interarrival,
                Optional<Distribution> lifetime,
                VirtualDuration from,
                VirtualDuration until,
                Optional<Integer> count)
                implements Source {}

        /**
         * As somebody recorded them.
         *
         * @param entries by rising time
         */
        record Trace(List<Entry> entries) implements Source {
            public Trace {
                entries = List.copyOf(entries);
            }

            /**
             * One arrival.
             *
             * @param lifetime from when the VM is placed; empty is until its guest ends
             */
            public record Entry(VirtualDuration at, VmType type, Optional<VirtualDuration> lifetime) {}
        }
    }

    /** Whether a VM of that name may be one of this process. */
    boolean mayHave(String vm) {
        return vm.startsWith(name + "-") && vm.substring(name.length() + 1).matches("[1-9][0-9]*");
    }
}
