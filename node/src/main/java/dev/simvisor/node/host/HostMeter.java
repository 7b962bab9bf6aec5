package dev.simvisor.node.host;

import dev.simvisor.node.host.HostSimulation.Resident;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.proto.node.HostUsage;
import dev.simvisor.proto.node.VmUsage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Counts what VMs use of a host, from the time at which it came up. All figures are virtual. */
final class HostMeter {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final long khz;
    private long departedBusyNanos;
    private long departedReadyNanos;
    private long sentBytes;
    /** Those that have left since the last report, with their last figures. */
    private final List<VmUsage> departed = new ArrayList<>();

    /** @param clockHz of the host's processors, in whose cycles machines count their work */
    HostMeter(long clockHz) {
        this.khz = clockHz / 1000;
    }

    /** The host's link has carried something away. */
    void sent(long bytes) {
        sentBytes += bytes;
    }

    /** A VM has no processor from one time to another; it is ready to run from when it has something to execute. */
    void starves(Resident resident, long fromNanos, long toNanos) {
        long readyFrom = Math.max(fromNanos, resident.vm.nextDueNanos());
        resident.readyNanos += Math.max(0, toNanos - readyFrom);
    }

    /** To be called while the VM's machine is still there. */
    void departs(Resident resident) {
        VmUsage last = usage(resident).setGone(true).build();
        departedBusyNanos += last.getBusyNanos();
        departedReadyNanos += last.getReadyNanos();
        departed.add(last);
    }

    private VmUsage.Builder usage(Resident resident) {
        VirtualMachine vm = resident.vm;
        GuestMachine machine = vm.machine();
        return VmUsage.newBuilder()
                .setVm(vm.name())
                .setEpoch(vm.epoch())
                .setBusyNanos(nanos(machine.busyCycles() - resident.firstBusyCycles))
                .setReadyNanos(resident.readyNanos)
                .setInstructions(machine.instructions() - resident.firstInstructions)
                .setTouchedBytes((long) machine.pages().touchedPages() * GuestMachine.PAGE_BYTES);
    }

    private long nanos(long cycles) {
        return cycles / khz * NANOS_PER_MILLI + cycles % khz * NANOS_PER_MILLI / khz;
    }

    /** What there is to report at the end of a window in which it was asked for. */
    HostUsage report(Collection<Resident> residents, long savedBytes) {
        HostUsage.Builder report =
                HostUsage.newBuilder().setSentBytes(sentBytes).setSavedBytes(savedBytes);
        long busyNanos = departedBusyNanos;
        long readyNanos = departedReadyNanos;
        int running = 0;
        int paused = 0;
        for (Resident resident : residents) {
            VmUsage usage = usage(resident).build();
            busyNanos += usage.getBusyNanos();
            readyNanos += usage.getReadyNanos();
            running += resident.vm.isRunning() ? 1 : 0;
            paused += resident.vm.state() == VirtualMachine.State.PAUSED ? 1 : 0;
            report.addVms(usage);
        }
        return report.addAllVms(departed)
                .setBusyNanos(busyNanos)
                .setReadyNanos(readyNanos)
                .setVmsRunning(running)
                .setVmsPaused(paused)
                .build();
    }

    /** A window has ended, and its report has been made if there was to be one. */
    void windowEnded() {
        departed.clear();
    }
}
