package dev.simvisor.controller.metrics;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.metrics.Measurement.VmFigures;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.node.HostUsage;
import dev.simvisor.proto.node.VmUsage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Adds up what hosts report, interval by interval. A host that has not run since its last report had nothing to do, so that
 * report still holds. To be told of everything in the order of virtual times.
 */
public final class Meter {
    private static final Comparator<VmFigures> BY_NAME =
            Comparator.comparing(VmFigures::vm).thenComparing(VmFigures::host);

    /** A VM on one host; with another epoch it is another VM, or came back. */
    private record Residence(String vm, long epoch) implements Comparable<Residence> {
        private static final Comparator<Residence> ORDER =
                Comparator.comparing(Residence::vm).thenComparingLong(Residence::epoch);

        @Override
        public int compareTo(Residence other) {
            return ORDER.compare(this, other);
        }
    }

    /** What a VM has used in the present interval, from one total to another. */
    private static final class VmAccount {
        VmUsage atStart = VmUsage.getDefaultInstance();
        VmUsage latest = VmUsage.getDefaultInstance();
        boolean gone;

        VmFigures close(String host) {
            VmFigures figures = new VmFigures(
                    latest.getVm(),
                    host,
                    latest.getBusyNanos() - atStart.getBusyNanos(),
                    latest.getReadyNanos() - atStart.getReadyNanos(),
                    latest.getInstructions() - atStart.getInstructions(),
                    latest.getTouchedBytes());
            atStart = latest;
            return figures;
        }
    }

    private static final class HostAccount {
        /** Since when the host has been up in this interval, as far as that is not in {@code upNanos} yet. */
        private long upFromNanos;

        private boolean up;
        private HostUsage latest = HostUsage.getDefaultInstance();
        private long upNanos;
        private long busyNanos;
        private long readyNanos;
        private long sentBytes;
        private final SortedMap<Residence, VmAccount> vms = new TreeMap<>();

        void changed(HostState state, long nowNanos) {
            settle(nowNanos);
            up = switch (state) {
                case HOST_UP, HOST_DRAINING, HOST_DRAINED -> true;
                case HOST_STARTING, HOST_FAILED, HOST_STATE_UNSPECIFIED, UNRECOGNIZED -> false;
            };
            if (!up) {
                latest = HostUsage.getDefaultInstance(); // a host that comes up again counts from nothing
                vms.values().forEach(vm -> vm.gone = true);
            }
        }

        private void settle(long nowNanos) {
            upNanos += up ? nowNanos - upFromNanos : 0;
            upFromNanos = nowNanos;
        }

        void add(HostUsage usage) {
            busyNanos += usage.getBusyNanos() - latest.getBusyNanos();
            readyNanos += usage.getReadyNanos() - latest.getReadyNanos();
            sentBytes += usage.getSentBytes() - latest.getSentBytes();
            latest = usage;
            for (VmUsage vm : usage.getVmsList()) {
                VmAccount account =
                        vms.computeIfAbsent(new Residence(vm.getVm(), vm.getEpoch()), residence -> new VmAccount());
                account.latest = vm;
                account.gone = vm.getGone();
            }
        }

        HostFigures close(Host host, long nowNanos, List<VmFigures> vmFigures) {
            settle(nowNanos);
            long touchedBytes = 0;
            for (VmAccount vm : vms.values()) {
                vmFigures.add(vm.close(host.getSpec().getName()));
                touchedBytes += vm.gone ? 0 : vm.latest.getTouchedBytes();
            }
            vms.values().removeIf(vm -> vm.gone);
            HostFigures figures = new HostFigures(
                    host.getSpec().getName(),
                    host.getState(),
                    Math.max(1, host.getSpec().getPcpus()),
                    upNanos,
                    busyNanos,
                    readyNanos,
                    latest.getVmsRunning(),
                    latest.getVmsPaused(),
                    host.getMemoryReservedBytes(),
                    touchedBytes,
                    sentBytes);
            upNanos = 0;
            busyNanos = 0;
            readyNanos = 0;
            sentBytes = 0;
            return figures;
        }
    }

    private final SortedMap<String, HostAccount> accounts = new TreeMap<>();
    private long fromNanos;

    /** A meter whose first interval begins at a time, on a cluster whose hosts it has still to be told of. */
    public Meter(long fromNanos) {
        this.fromNanos = fromNanos;
    }

    /** A host is there, or something about it has changed. */
    public void changed(Host host, long nowNanos) {
        account(host.getSpec().getName()).changed(host.getState(), nowNanos);
    }

    /** A host has come to the end of a window. */
    public void add(String host, HostUsage usage) {
        account(host).add(usage);
    }

    private HostAccount account(String host) {
        return accounts.computeIfAbsent(host, name -> new HostAccount());
    }

    /** Ends an interval, to which all hosts have run, and begins the next. */
    public Measurement measure(Collection<Host> hosts, long nowNanos) {
        List<HostFigures> hostFigures = new ArrayList<>();
        List<VmFigures> vmFigures = new ArrayList<>();
        for (Host host : hosts) {
            hostFigures.add(account(host.getSpec().getName()).close(host, nowNanos, vmFigures));
        }
        vmFigures.sort(BY_NAME);
        Measurement measurement = new Measurement(fromNanos, nowNanos, hostFigures, vmFigures);
        fromNanos = nowNanos;
        return measurement;
    }
}
