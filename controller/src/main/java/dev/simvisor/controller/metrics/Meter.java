package dev.simvisor.controller.metrics;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.metrics.Measurement.VmFigures;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.node.HostUsage;
import dev.simvisor.proto.node.VmUsage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Adds up what hosts report, interval by interval. A host that has not run since its last report had nothing to do, so that
 * report still holds. To be told of everything in the order of virtual times.
 */
public final class Meter {
    private static final double NANOS_PER_SECOND = 1e9;

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

        /** @param earlier figures of the interval, of when the VM was there before, or another of its name */
        VmFigures close(String host, @Nullable VmFigures earlier) {
            VmFigures before = earlier == null ? new VmFigures(latest.getVm(), host, 0, 0, 0, 0) : earlier;
            VmFigures figures = new VmFigures(
                    latest.getVm(),
                    host,
                    before.busyNanos() + latest.getBusyNanos() - atStart.getBusyNanos(),
                    before.readyNanos() + latest.getReadyNanos() - atStart.getReadyNanos(),
                    before.instructions() + latest.getInstructions() - atStart.getInstructions(),
                    latest.getTouchedBytes());
            atStart = latest;
            return figures;
        }
    }

    private static final class HostAccount {
        /** The first report says where the host stands, and what it had done before counts for nothing. */
        private boolean standUnknown;

        private final int pcpus;
        private final Optional<PowerCurve> power;
        /** Up to when, and with how much work, time and energy of this interval have been settled. */
        private long settledNanos;

        private long settledBusyNanos;
        private boolean up;
        private HostUsage latest = HostUsage.getDefaultInstance();
        private long upNanos;
        private long busyNanos;
        private long readyNanos;
        private long sentBytes;
        private double joules;
        private final SortedMap<Residence, VmAccount> vms = new TreeMap<>();

        HostAccount(HostSpec spec, long nowNanos) {
            pcpus = Math.max(1, spec.getPcpus());
            power = spec.hasPower() ? Optional.of(PowerCurve.of(spec.getPower())) : Optional.empty();
            settledNanos = nowNanos;
        }

        void changed(HostState state, long nowNanos) {
            settle(nowNanos);
            up = switch (state) {
                case HOST_UP, HOST_DRAINING, HOST_DRAINED -> true;
                case HOST_STARTING, HOST_FAILED, HOST_STATE_UNSPECIFIED, UNRECOGNIZED -> false;
            };
            if (!up) {
                latest = HostUsage.getDefaultInstance(); // a host that comes up again counts from nothing
                standUnknown = false;
                vms.values().forEach(vm -> vm.gone = true);
            }
        }

        /** A span in which the host was up throughout, or not at all, draws the power of its mean utilization. */
        private void settle(long nowNanos) {
            long nanos = nowNanos - settledNanos;
            if (up && nanos > 0) {
                double utilization = (double) (busyNanos - settledBusyNanos) / pcpus / nanos;
                upNanos += nanos;
                joules += power.map(curve -> curve.watts(utilization) * nanos / NANOS_PER_SECOND)
                        .orElse(0.0);
            }
            settledNanos = nowNanos;
            settledBusyNanos = busyNanos;
        }

        void add(HostUsage usage) {
            if (standUnknown) {
                standUnknown = false;
                latest = usage;
                usage.getVmsList().forEach(vm -> account(vm).atStart = vm);
            }
            busyNanos += usage.getBusyNanos() - latest.getBusyNanos();
            readyNanos += usage.getReadyNanos() - latest.getReadyNanos();
            sentBytes += usage.getSentBytes() - latest.getSentBytes();
            latest = usage;
            for (VmUsage vm : usage.getVmsList()) {
                VmAccount account = account(vm);
                account.latest = vm;
                account.gone = vm.getGone();
            }
        }

        private VmAccount account(VmUsage vm) {
            return vms.computeIfAbsent(new Residence(vm.getVm(), vm.getEpoch()), residence -> new VmAccount());
        }

        HostFigures close(Host host, long nowNanos, List<VmFigures> vmFigures) {
            settle(nowNanos);
            long touchedBytes = 0;
            SortedMap<String, VmFigures> byName = new TreeMap<>();
            for (VmAccount vm : vms.values()) { // of one name, the latest is the last
                String name = vm.latest.getVm();
                byName.put(name, vm.close(host.getSpec().getName(), byName.get(name)));
                touchedBytes += vm.gone ? 0 : vm.latest.getTouchedBytes();
            }
            vmFigures.addAll(byName.values());
            vms.values().removeIf(vm -> vm.gone);
            HostFigures figures = new HostFigures(
                    host.getSpec().getName(),
                    host.getState(),
                    pcpus,
                    upNanos,
                    busyNanos,
                    readyNanos,
                    latest.getVmsRunning(),
                    latest.getVmsPaused(),
                    host.getMemoryReservedBytes(),
                    touchedBytes,
                    latest.getSavedBytes(),
                    sentBytes,
                    power.isPresent() ? OptionalDouble.of(joules) : OptionalDouble.empty());
            upNanos = 0;
            joules = 0;
            busyNanos = 0;
            settledBusyNanos = 0;
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

    /** A host has been there for a while when the first interval begins. Its first report tells where it stands then. */
    public void present(Host host, long nowNanos) {
        HostAccount account = account(host, nowNanos);
        account.standUnknown = true;
        account.changed(host.getState(), nowNanos);
    }

    /** A host is there, or something about it has changed. */
    public void changed(Host host, long nowNanos) {
        account(host, nowNanos).changed(host.getState(), nowNanos);
    }

    private HostAccount account(Host host, long nowNanos) {
        return accounts.computeIfAbsent(host.getSpec().getName(), name -> new HostAccount(host.getSpec(), nowNanos));
    }

    /** A host, of which the meter has been told, has come to the end of a window. */
    public void add(String host, HostUsage usage) {
        HostAccount account = accounts.get(host);
        if (account == null) {
            throw new IllegalArgumentException("host " + host + " reports before it is there");
        }
        account.add(usage);
    }

    /** Ends an interval, to which all hosts have run, and begins the next. */
    public Measurement measure(Collection<Host> hosts, long nowNanos) {
        List<HostFigures> hostFigures = new ArrayList<>();
        List<VmFigures> vmFigures = new ArrayList<>();
        for (Host host : hosts) {
            hostFigures.add(account(host, nowNanos).close(host, nowNanos, vmFigures));
        }
        vmFigures.sort(BY_NAME);
        Measurement measurement = new Measurement(fromNanos, nowNanos, hostFigures, vmFigures);
        fromNanos = nowNanos;
        return measurement;
    }
}
