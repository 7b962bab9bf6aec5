package dev.simvisor.node.host;

import dev.simvisor.node.host.VcpuScheduler.Contender;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.vmm.ConsoleChunk;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.proto.api.ExitCount;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.node.GuestReset;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.VmConsole;
import dev.simvisor.proto.node.VmProgress;
import dev.simvisor.proto.node.VmReport;
import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One physical host on its way through virtual time. One thread at a time runs it: the host's, or where several hosts run side by
 * side, one of {@link Processors}, which run its vCPUs, too. It is closed between windows, whoever closes it.
 */
final class HostSimulation implements HostContext, AutoCloseable {
    private static final long DEFAULT_CLOCK_HZ = 1_000_000_000;

    /** A VM of this host, and what it had executed when it came and when it was last charged for it. */
    static final class Resident {
        final VirtualMachine vm;
        final long firstBusyCycles;
        final long firstInstructions;
        long chargedCycles;
        long chargedNanos;
        long readyNanos;
        int throttlePercent;

        Resident(VirtualMachine vm, long nowNanos) {
            this.vm = vm;
            this.firstBusyCycles = vm.machine().busyCycles();
            this.firstInstructions = vm.machine().instructions();
            this.chargedCycles = firstBusyCycles;
            this.chargedNanos = nowNanos;
        }

        Contender contender() {
            return new Contender(vm.name(), vm.spec().getWeight(), vm.spec().getCapPercent(), throttlePercent);
        }
    }

    private final HostSpec spec;
    private final long clockHz;
    private final int pcpus;
    private final VcpuScheduler scheduler;
    private final MachineFactory machines;
    private final HostCommands commands;
    private final HostMeter meter;
    private final DiskClaims diskClaims = new DiskClaims();
    private final SharingTimes sharingTimes;
    private final EthernetPort ethernet;
    private final SortedMap<String, Resident> residents = new TreeMap<>();
    private final PriorityQueue<Due> due = new PriorityQueue<>();
    private final List<HostMessage> sent = new ArrayList<>();
    private final List<VmConsole> consoles = new ArrayList<>();
    private final Set<String> starving = new TreeSet<>();
    private boolean closed;
    private boolean mustReschedule;
    private boolean contended;
    private long nowNanos;

    HostSimulation(HostSpec spec, MachineFactory machines, PageStreams streams, long nowNanos) {
        this.spec = spec;
        this.clockHz = spec.getClockHz() == 0 ? DEFAULT_CLOCK_HZ : spec.getClockHz();
        this.pcpus = Math.max(1, spec.getPcpus());
        this.scheduler = new VcpuScheduler(pcpus);
        this.meter = new HostMeter(clockHz);
        this.sharingTimes = new SharingTimes(spec.getPageSharingNanos());
        this.ethernet = new EthernetPort(spec, this);
        this.nowNanos = nowNanos;
        this.machines = machines;
        this.commands = new HostCommands(this, machines, streams, diskClaims);
    }

    /** Does what it is told, and runs up to, not including, the end of the window. */
    synchronized void begin(RunWindow window) throws InterruptedException {
        requireOpen();
        diskClaims.retry();
        advance(window.getFromNanos());
        for (int i = 0; i < window.getMessagesCount(); i++) {
            arrive(window.getMessages(i), i);
        }
        window.getFramesList().forEach(ethernet::arrive);
        for (var command : window.getCommandsList()) {
            commands.execute(command);
        }
        rescheduleIfNeeded();
        runUntil(window.getUntilNanos());
    }

    /** Runs a window that follows, in which it has been told nothing. */
    synchronized void follow(long from, long until) throws InterruptedException {
        requireOpen();
        advance(from);
        runUntil(until);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("host " + spec.getName() + " is closed");
        }
    }

    /** Whether it has sent something that is not in an answer yet. */
    boolean hasSent() {
        return !sent.isEmpty() || !ethernet.isQuiet();
    }

    /** Whether a window may have to wait for pages of another host, or for one that takes them. */
    boolean mayWait() {
        return commands.areMoving();
    }

    private void runUntil(long until) throws InterruptedException {
        while (nowNanos < until) {
            runDue();
            long next = Math.min(until, sharingTimes.nextNanos(nowNanos));
            advance(due.isEmpty() ? next : Math.min(next, due.element().nanos()));
        }
    }

    private void arrive(HostMessage message, int index) {
        // The controller sorts messages of equal times by their senders, so their order within a window is settled.
        String key = String.format("%020d-%06d", message.getSentNanos(), index);
        due.add(new Due(message.getArrivalNanos(), Due.Rank.ARRIVAL, key, () -> commands.arrived(message)));
    }

    private void runDue() throws InterruptedException {
        while (!due.isEmpty() && due.element().nanos() <= nowNanos) {
            due.remove().action().run();
        }
        if (sharingTimes.takeLook(nowNanos)) sharePages();
        rescheduleIfNeeded();
    }

    /** Not of VMs that are on their way here, whose pages are being written. */
    private void sharePages() {
        machines.sharePages(residents.values().stream()
                .map(resident -> resident.vm)
                .filter(vm -> vm.isRunning() || vm.state() == VirtualMachine.State.PAUSED)
                .map(VirtualMachine::machine)
                .toList());
    }

    // ---- time ----

    /** Lets every VM run, or starve, up to a time. */
    private void advance(long toNanos) throws InterruptedException {
        if (toNanos <= nowNanos) {
            return;
        }
        List<VirtualMachine> running = new ArrayList<>();
        for (Resident resident : residents.values()) {
            if (starving.contains(resident.vm.name())) {
                meter.starves(resident, nowNanos, toNanos);
                resident.vm.starveTo(toNanos);
            } else if (resident.vm.isRunning()) {
                if (resident.vm.nextDueNanos() < toNanos) sharingTimes.changed();
                running.add(resident.vm);
            }
        }
        Processors.runAllTo(toNanos, running);
        nowNanos = toNanos;
        commands.askForMissedPages();
        for (Resident resident : List.copyOf(residents.values())) {
            collectConsole(resident.vm);
            reportResets(resident.vm);
            ethernet.collect(resident.vm);
            if (resident.vm.hasEnded()) {
                guestEnded(resident);
            }
        }
        ethernet.sendBefore(nowNanos);
    }

    private void guestEnded(Resident resident) throws InterruptedException {
        VirtualMachine vm = resident.vm;
        commands.guestEnded(vm.name());
        tellOf(vm, vm.nanos(), HostMessage.newBuilder().setVm(report(vm)));
        // When this is noticed depends on the window; the next decision, which gives its processor to another, does
        // not.
        remove(vm);
    }

    private void reportResets(VirtualMachine vm) {
        GuestReset.Builder report = GuestReset.newBuilder().setVm(vm.name()).setEpoch(vm.epoch());
        for (long nanos : vm.takeResets()) {
            tellOf(vm, nanos, HostMessage.newBuilder().setGuestReset(report));
        }
    }

    /**
     * Tells of what a guest has done, at its time. That may be a little after the present one, which depends on the window: by as much
     * as the guest's last instruction took.
     */
    private void tellOf(VirtualMachine vm, long nanos, HostMessage.Builder message) {
        if (nanos < nowNanos) {
            tell("", nanos, linkLatencyNanos(), message);
        } else {
            due.add(new Due(nanos, Due.Rank.REPORT, vm.name(), () -> tell("", nanos, linkLatencyNanos(), message)));
        }
    }

    static VmReport.Builder report(VirtualMachine vm) {
        return VmReport.newBuilder()
                .setVm(vm.name())
                .setEpoch(vm.epoch())
                .setState(
                        switch (vm.state()) {
                            case RUNNING -> VmState.VM_RUNNING;
                            case PAUSED -> VmState.VM_PAUSED;
                            case INCOMING -> VmState.VM_CREATING;
                            case STOPPED -> VmState.VM_STOPPED;
                            case CRASHED -> VmState.VM_CRASHED;
                        })
                .setReason(vm.endReason())
                .setExitStatus(vm.exitStatus())
                .setProgress(progress(vm));
    }

    private void collectConsole(VirtualMachine vm) {
        for (ConsoleChunk chunk : vm.takeConsole()) {
            consoles.add(VmConsole.newBuilder()
                    .setVm(vm.name())
                    .setEpoch(vm.epoch())
                    .setOffset(chunk.offset())
                    .setBytes(chunk.bytes())
                    .setNanos(chunk.nanos())
                    .build());
        }
    }

    /**
     * Answers a grant.
     *
     * @param untilNanos the end of the last window that it covered
     * @param windows how many there were
     */
    synchronized WindowDone done(RunWindow window, long untilNanos, long windows) {
        requireOpen();
        WindowDone.Builder done = WindowDone.newBuilder()
                .setHost(spec.getName())
                .setWindow(window.getWindow())
                .setUntilNanos(untilNanos)
                .setWindows(windows)
                .setNextDueNanos(nextDueNanos());
        sent.sort(Comparator.comparingLong(HostMessage::getSentNanos));
        done.addAllSent(sent).addAllConsoles(consoles).addAllFrames(ethernet.takeLeaving());
        sent.clear();
        consoles.clear();
        for (Resident resident : residents.values()) {
            done.addProgress(progress(resident.vm));
        }
        if (window.getMeasure()) {
            done.setUsage(meter.report(residents.values(), machines.savedBytes()));
        }
        meter.windowEnded();
        return done.build();
    }

    private static VmProgress progress(VirtualMachine vm) {
        VmProgress.Builder progress = VmProgress.newBuilder()
                .setVm(vm.name())
                .setVirtualCycles(vm.machine().cycles())
                .setInstructions(vm.machine().instructions());
        vm.machine()
                .exits()
                .forEach((kind, count) ->
                        progress.addExits(ExitCount.newBuilder().setKind(kind).setCount(count)));
        return progress.build();
    }

    /** When it must run next; never, until it is told something, is Long.MAX_VALUE. */
    long nextDueNanos() {
        long next = Math.min(sharingTimes.dueNanos(nowNanos), ethernet.nextNanos());
        if (!due.isEmpty()) next = Math.min(next, due.element().nanos());
        for (Resident resident : residents.values()) {
            next = Math.min(next, Math.max(nowNanos, resident.vm.nextDueNanos()));
        }
        return next;
    }

    // ---- scheduling ----

    @Override
    public void reschedule() {
        mustReschedule = true;
    }

    private void rescheduleIfNeeded() {
        if (mustReschedule) {
            mustReschedule = false;
            schedule();
        }
    }

    private void schedule() {
        charge();
        List<Contender> runnable = new ArrayList<>();
        boolean limited = false;
        int running = 0;
        long quantumEnd = VcpuScheduler.nextQuantum(nowNanos);
        long nextDue = Long.MAX_VALUE;
        for (Resident resident : residents.values()) {
            if (resident.vm.isRunning()) {
                running++;
                limited |= resident.contender().isLimited();
                long vmDue = resident.vm.nextDueNanos();
                nextDue = Math.min(nextDue, vmDue);
                if (vmDue < quantumEnd) {
                    runnable.add(resident.contender());
                }
            }
        }
        starving.clear();
        contended = limited || running > pcpus;
        if (contended) {
            Set<String> chosen = scheduler.choose(nowNanos, runnable);
            runnable.stream()
                    .map(Contender::vm)
                    .filter(vm -> !chosen.contains(vm))
                    .forEach(starving::add);
            due.removeIf(event -> event.rank() == Due.Rank.QUANTUM);
            // While nobody has anything to execute there is nothing to decide.
            long decision = Math.max(quantumEnd, VcpuScheduler.quantumOf(nextDue));
            if (decision != Long.MAX_VALUE) due.add(new Due(decision, Due.Rank.QUANTUM, "", this::reschedule));
        }
    }

    /** Books the time that every vCPU was at work since it was last booked. */
    private void charge() {
        for (Resident resident : residents.values()) {
            long busyCycles = resident.vm.machine().busyCycles();
            long usedNanos = (busyCycles - resident.chargedCycles) * 1_000_000 / (clockHz / 1000);
            if (contended) {
                long elapsed = nowNanos - resident.chargedNanos;
                scheduler.charge(resident.contender(), nowNanos, Math.min(usedNanos, elapsed));
            }
            resident.chargedCycles = busyCycles;
            resident.chargedNanos = nowNanos;
        }
    }

    // ---- what commands and migrations use ----

    @Override
    public long nowNanos() {
        return nowNanos;
    }

    long clockHz() {
        return clockHz;
    }

    String name() {
        return spec.getName();
    }

    SortedMap<String, Resident> residents() {
        return residents;
    }

    @Override
    public void sent(long bytes) {
        meter.sent(bytes);
    }

    @Override
    public void tellController(HostMessage.Builder message) {
        meter.sent(message.getProgress().getRound().getBytes()); // a round of a migration has just been sent
        tell("", nowNanos, linkLatencyNanos(), message);
    }

    @Override
    public void tellHost(String host, long sentNanos, long latencyNanos, HostMessage.Builder message) {
        tell(host, sentNanos, latencyNanos, message);
    }

    private void tell(String to, long sentNanos, long latencyNanos, HostMessage.Builder message) {
        sent.add(message.setTo(to)
                .setSentNanos(sentNanos)
                .setArrivalNanos(sentNanos + latencyNanos)
                .build());
    }

    private long linkLatencyNanos() {
        return spec.getLink().getLatencyNanos();
    }

    @Override
    public void at(Due event) {
        due.add(event);
    }

    @Override
    public void throttle(VirtualMachine vm, int percent) {
        Resident resident = residents.get(vm.name());
        if (resident != null) {
            resident.throttlePercent = percent;
            reschedule();
        }
    }

    @Override
    public void adopt(VirtualMachine vm) {
        residents.put(vm.name(), new Resident(vm, nowNanos));
        sharingTimes.changed();
        ethernet.plug(vm);
        reschedule();
    }

    @Override
    public void unplug(VirtualMachine vm) {
        ethernet.unplug(vm);
    }

    @Override
    public void plug(VirtualMachine vm) {
        ethernet.plug(vm);
    }

    @Override
    public void arrived(VirtualMachine vm) {
        BugContainment.contain(vm, VirtualMachine::plugCable);
        ethernet.announce(vm);
    }

    @Override
    public void takeDisks(VirtualMachine vm) throws InterruptedException {
        if (diskClaims.claim(vm.machine()).isPresent()) {
            diskClaims.claimLater(vm.machine()); // the other hangs; the VM will not run there again
        }
    }

    @Override
    public void destroy(VirtualMachine vm) {
        remove(vm);
        reschedule();
    }

    private void remove(VirtualMachine vm) {
        collectConsole(vm);
        Resident resident = residents.remove(vm.name());
        if (resident != null) {
            meter.departs(resident);
        }
        ethernet.unplug(vm);
        scheduler.forget(vm.name());
        diskClaims.forget(vm.machine());
        vm.close();
    }

    /** All VMs die with the host, whose memory is then given back. */
    @Override
    public synchronized void close() {
        closed = true;
        commands.close();
        for (Resident resident : residents.values()) {
            resident.vm.close();
        }
        residents.clear();
        machines.close();
    }
}
