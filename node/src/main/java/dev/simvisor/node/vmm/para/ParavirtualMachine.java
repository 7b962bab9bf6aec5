package dev.simvisor.node.vmm.para;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.machine.GuestPlatform;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.Turns;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.abi.StartInfo;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.backend.BackendDomain;
import dev.simvisor.node.vmm.para.backend.DomainDescription;
import dev.simvisor.node.vmm.para.backend.EventPorts;
import dev.simvisor.node.vmm.para.build.DomainBuilder;
import dev.simvisor.node.vmm.para.console.ConsoleRing;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.domain.DomainStateCodec;
import dev.simvisor.node.vmm.para.domain.RunState;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.event.EventChannels;
import dev.simvisor.node.vmm.para.grant.GrantTable;
import dev.simvisor.node.vmm.para.hypercall.HypercallTable;
import dev.simvisor.node.vmm.para.image.CanonicalMemory;
import dev.simvisor.node.vmm.para.image.SuspendedDomainCodec;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import dev.simvisor.proto.state.ParavirtualState;
import dev.simvisor.proto.state.SuspendedDomainState;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A paravirtual virtual machine: a domain, and the one physical processor's worth of time that its vCPUs share.
 *
 * <p>vCPUs have it by {@link Turns}.
 */
public final class ParavirtualMachine implements GuestPlatform {
    private Domain domain;
    private VirtualClock clock;
    private final HypercallTable hypercalls;
    private final Consumer<BackendDomain> devices;
    private final ProcessorCosts costs;
    private List<GuestExits> exits;
    private Turns<Vcpu> turns;
    private @Nullable ConsoleRing console;
    private @Nullable BackendDomain backends;
    private IntConsumer consoleSink = value -> {};
    /** gfn of the store's ring. */
    private int storeRing = DomainMemory.NONE;

    private CanonicalMemory pages;
    private boolean suspensionWanted;
    /** It has been restored, and has not gone on yet. */
    private boolean arriving;
    /** Where the clock is to be at the end of the present run. */
    private long runTarget;

    /**
     * @param costs what the physical processor takes beside instructions
     * @param engines makes what runs each vCPU's processor
     * @param devices adds the guest's devices to its back ends, when it is booted and when it has been restored
     * @throws dev.simvisor.node.machine.memory.MachineMemoryExhausted when the host has no room
     */
    public ParavirtualMachine(
            DomainSettings settings,
            MachineMemory memory,
            MachineAddressMap map,
            ExitLedger ledger,
            ProcessorCosts costs,
            Function<Cpu, Engine> engines,
            Consumer<BackendDomain> devices) {
        this.devices = devices;
        this.costs = costs;
        hypercalls = new HypercallTable(List.of());
        domain = new Domain(settings, memory, map, ledger, engines);
        clock = domain.clock();
        turns = new Turns<>(domain.vcpuList(), clock);
        exits = connect();
        pages = CanonicalMemory.ofRunning(domain);
    }

    /** Connects the domain to what is around it; returns what answers each of its vCPUs. */
    private List<GuestExits> connect() {
        List<GuestExits> answering = new ArrayList<>();
        for (Vcpu vcpu : domain.vcpuList()) {
            vcpu.cpu().chargeTo(costs, this::chargeEvent);
            answering.add(new GuestExits(vcpu, hypercalls));
        }
        domain.ledger().chargeTo(clock::charge);
        domain.consoleTo(bytes -> {
            for (byte value : bytes) consoleSink.accept(value & 0xFF);
        });
        return answering;
    }

    /** As a toolstack does it: the domain is destroyed, and another made in its place. */
    @Override
    public void reset(BootSource source) throws InvalidImageException {
        byte[] unread = Objects.requireNonNull(console, "a guest has run")
                .save()
                .getTyped()
                .toByteArray();
        backends().close();
        domain = domain.succeed();
        clock = domain.clock();
        turns = new Turns<>(domain.vcpuList(), clock);
        exits = connect();
        pages = CanonicalMemory.ofRunning(domain);
        boot(source);
        type(unread);
        if (suspensionWanted) backends().requestShutdown("suspend");
        clock.skipTo(clock.cycles() + clock.toCycles(RESET_NANOS));
    }

    @Override
    public void boot(BootSource source) throws InvalidImageException {
        switch (source) {
            case BootSource.Linux(Image kernel, @Nullable Image initrd, String commandLine) ->
                boot(kernel, initrd, commandLine);
            case BootSource.Multiboot(Image kernel, String commandLine, List<Image> modules) -> {
                if (modules.size() > 1) {
                    throw new InvalidImageException(kernel.name() + " with " + modules.size()
                            + " modules: a paravirtual kernel has at most one");
                }
                boot(kernel, modules.isEmpty() ? null : modules.getFirst(), commandLine);
            }
            case BootSource.Firmware(Image image) ->
                throw image.invalid("a paravirtual machine has no place for firmware: expected a kernel");
        }
    }

    /**
     * Loads a paravirtual kernel, whatever file it is in.
     *
     * @throws InvalidImageException when it cannot be booted; the machine is of no use then
     */
    public void boot(Image kernel, @Nullable Image module, String commandLine) throws InvalidImageException {
        DomainBuilder.build(domain, kernel, module, commandLine, this::attachConsole, this::attachStore);
        devices.accept(backends());
    }

    private int attachConsole(int gfn) {
        ConsoleRing ring = new ConsoleRing(domain, gfn);
        ring.sendTo(value -> consoleSink.accept(value));
        console = ring;
        return ring.port();
    }

    private int attachStore(int gfn) {
        holdStore(gfn);
        return openStore();
    }

    /** The store writes to its ring as long as the domain is there, whatever the guest makes of its grant. */
    private void holdStore(int gfn) {
        domain.frames().takeAs(gfn, FrameType.WRITABLE);
        storeRing = gfn;
    }

    private int openStore() {
        int gfn = storeRing;
        ConsoleRing attached = Objects.requireNonNull(console, "the console is attached first");
        DomainMemory memory = domain.memory();
        int port = domain.events().allocateForBackend(() -> backends().storeEvent());
        DomainDescription description = new DomainDescription(
                Domain.ID,
                "guest",
                memory.guestFrames() * 4L,
                domain.vcpus(),
                memory.mfn(gfn),
                port,
                memory.mfn(attached.gfn()),
                attached.port());
        GrantTable table = domain.grants().table();
        table.permit(GrantTable.CONSOLE, EventChannels.BACKEND_DOMAIN, memory.mfn(attached.gfn()));
        table.permit(GrantTable.XENSTORE, EventChannels.BACKEND_DOMAIN, memory.mfn(gfn));
        SharedPage page = domain.grants().frames().page(memory.mfn(gfn));
        backends = new BackendDomain(description, table, new EventPorts(domain.events()), page);
        return port;
    }

    /** The back ends of the guest's devices, once a kernel is loaded. */
    public BackendDomain backends() {
        return Objects.requireNonNull(backends, "no kernel is loaded yet");
    }

    public Domain domain() {
        return domain;
    }

    /** What the guest can ask for. */
    public HypercallTable hypercalls() {
        return hypercalls;
    }

    // ---- running

    @Override
    public RunOutcome runUntil(long deadlineCycles, long mostInstructions) {
        while (true) {
            if (clock.nextDueCycles() <= clock.cycles()) turns.current().vmmEntered();
            clock.deliverDueEvents();
            if (domain.isSuspended()) {
                if (suspensionWanted) return suspended();
                // Nobody has asked for it, or nobody waits for it any more.
                domain.resume(true);
            }
            Domain.Shutdown reason = domain.shutdownReason();
            if (reason != null) return shutDown(reason);
            if (clock.cycles() >= deadlineCycles || instructions() >= mostInstructions) {
                return turns.allIdle() ? new RunOutcome.Idle() : new RunOutcome.DeadlineReached();
            }
            long next = Math.min(clock.nextDueCycles(), deadlineCycles);
            if (!schedule()) clock.skipTo(next);
            else execute(turns.current(), Math.min(next, turns.endCycles()), mostInstructions);
        }
    }

    private RunOutcome shutDown(Domain.Shutdown reason) {
        return switch (reason) {
            case POWEROFF -> new RunOutcome.PoweredOff();
            case REBOOT, SOFT_RESET -> new RunOutcome.ResetRequested();
            case SUSPEND -> throw new IllegalStateException("a suspension is no end");
            case CRASH -> new RunOutcome.Crashed(domain.crashReason());
            case WATCHDOG -> new RunOutcome.Crashed("the guest's watchdog");
        };
    }

    /** Sees to it that the vCPU whose turn it is has the processor; false if none can run. */
    private boolean schedule() {
        Vcpu before = turns.current();
        if (before.takeYield()) turns.yieldTurn();
        Vcpu vcpu = turns.next();
        if (before != turns.current() && before.isRunnable()) before.enter(RunState.RUNNABLE);
        if (vcpu == null) return false;
        vcpu.enter(RunState.RUNNING);
        return true;
    }

    /** Runs a vCPU until the clock is at {@code targetCycles}, or something is due sooner, or it leaves the guest. */
    private void execute(Vcpu vcpu, long targetCycles, long mostInstructions) {
        GuestExits leaving = exits.get(vcpu.id());
        leaving.deliverEvents();
        if (domain.shutdownReason() != null) return;
        runTarget = targetCycles;
        clock.announceEventsBefore(targetCycles, this::stopAtNextEvent);
        vcpu.cpu().exit.clear();
        vcpu.engine().run(Math.min(clock.instructionsUntil(targetCycles), mostInstructions - instructions()));
        clock.announceEventsBefore(Long.MIN_VALUE, () -> {});
        leaving.answer();
    }

    /** Lets time pass for what an instruction in progress does: what is due in the meantime ends the run. */
    private void chargeEvent(long cycles) {
        clock.charge(cycles);
        stopAtTarget();
    }

    private void stopAtNextEvent() {
        runTarget = Math.min(runTarget, clock.nextDueCycles());
        stopAtTarget();
    }

    private void stopAtTarget() {
        Cpu cpu = turns.current().cpu();
        cpu.runLimit =
                Math.min(cpu.runLimit, cpu.instructionsExecuted() + Math.max(1, clock.instructionsUntil(runTarget)));
        cpu.endBlock();
    }

    @Override
    public long nextEventCycles() {
        return turns.allIdle() ? Math.max(clock.cycles(), clock.nextDueCycles()) : clock.cycles();
    }

    /** Never: an event of the console wakes whoever waits. */
    @Override
    public boolean isStuck() {
        return false;
    }

    // ---- time

    @Override
    public VirtualClock clock() {
        return clock;
    }

    @Override
    public long instructions() {
        long sum = 0;
        for (Vcpu vcpu : domain.vcpuList()) sum += vcpu.cpu().instructionsExecuted();
        return sum;
    }

    // ---- console

    @Override
    public void consoleTo(IntConsumer sink) {
        consoleSink = sink;
    }

    /** There are no ports, so that no guest can write to one. */
    @Override
    public void debugConsoleTo(IntConsumer sink) {}

    @Override
    public void type(byte[] bytes) {
        if (console != null) console.type(bytes);
    }

    /** Bytes typed that have found no room in the console's ring yet. */
    @Override
    public int unreadInput() {
        return console == null ? 0 : console.waiting();
    }

    // ---- suspension

    /** A guest that does not take part runs on. */
    @Override
    public void requestSuspension() {
        if (domain.isSuspended()) return;
        suspensionWanted = true;
        backends().requestShutdown("suspend");
    }

    @Override
    public boolean canBeSaved() {
        return domain.isSuspended();
    }

    private RunOutcome suspended() {
        pages = CanonicalMemory.ofSuspended(domain);
        return new RunOutcome.Suspended();
    }

    /**
     * Has a suspended guest go on, where it was or in the new domain that it has been restored into; takes a request back that
     * the guest has not followed yet.
     */
    @Override
    public void resume() {
        if (domain.isSuspended()) {
            pages = CanonicalMemory.ofRunning(domain);
            if (arriving) arrive();
            domain.resume(!arriving);
            arriving = false;
        } else if (suspensionWanted) {
            backends().withdrawShutdown("suspend");
        }
        suspensionWanted = false;
    }

    /** What a toolstack does for a domain that is restored: a store, back ends, and the start info that leads to them. */
    private void arrive() {
        ConsoleRing attached = Objects.requireNonNull(console, "the console is restored");
        int storePort = openStore();
        DomainMemory memory = domain.memory();
        long at = (long) domain.startInfo() << FRAME_SHIFT;
        memory.memory()
                .write(at + StartInfo.SHARED_INFO, 8, memory.mfn(domain.shared().gfn()) << FRAME_SHIFT);
        memory.memory().write(at + StartInfo.FLAGS, 4, 0);
        memory.memory().write(at + StartInfo.STORE_FRAME, 8, memory.mfn(storeRing));
        memory.memory().write(at + StartInfo.STORE_PORT, 4, storePort);
        memory.memory().write(at + StartInfo.CONSOLE_FRAME, 8, memory.mfn(attached.gfn()));
        memory.memory().write(at + StartInfo.CONSOLE_PORT, 4, attached.port());
        devices.accept(backends());
    }

    @Override
    public CanonicalMemory pages() {
        return pages;
    }

    /** Of a suspended machine, everything but its pages. */
    @Override
    public SuspendedDomainState save() {
        return SuspendedDomainCodec.save(domain)
                .setStoreRing(storeRing)
                .setConsole(Objects.requireNonNull(console).save().toBuilder().clearPort())
                .build();
    }

    @Override
    public void restore(ByteString state) throws UnusableStateException {
        try {
            restore(SuspendedDomainState.parseFrom(state));
        } catch (InvalidProtocolBufferException e) {
            throw new UnusableStateException(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Makes a new machine the suspended one that was saved, whose pages are in its memory already; it goes on by {@link #resume}.
     *
     * @throws UnusableStateException when the state does not fit; the machine is of no use then
     */
    public void restore(SuspendedDomainState state) throws UnusableStateException {
        SuspendedDomainCodec.restore(domain, state);
        try {
            ConsoleRing ring = new ConsoleRing(domain, state.getConsole());
            ring.sendTo(value -> consoleSink.accept(value));
            console = ring;
            holdStore(state.getStoreRing());
        } catch (XenError | IndexOutOfBoundsException e) {
            throw new UnusableStateException("saved state has rings in frames "
                    + state.getConsole().getGfn() + " and " + state.getStoreRing() + ", which cannot hold them");
        }
        pages = CanonicalMemory.ofSuspended(domain);
        arriving = true;
    }

    /**
     * SHA-256, in hexadecimal, over vCPUs, time, back ends and memory: equal hashes mean equal machines. That of a suspended
     * machine is over its image, and the same wherever in a host's machine memory it lies.
     */
    @Override
    public String stateHash() {
        MessageDigest digest = sha256();
        if (canBeSaved()) {
            // The state has no maps, so that its encoding is the same wherever it is made.
            digest.update(save().toByteArray());
            pages.digest(digest);
        } else {
            digest.update(runningState().toByteArray());
            if (backends != null) digest.update(backends.state().getBytes(StandardCharsets.UTF_8));
            domain.memory().memory().digest(digest);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private ParavirtualState runningState() {
        ParavirtualState.Builder state = DomainStateCodec.save(domain)
                .setCurrentVcpu(turns.currentNumber())
                .setSliceEnd(turns.sliceEndCycles());
        if (console != null) state.setConsole(console.save());
        return state.build();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    @Override
    public void close() {
        if (backends != null) backends.close();
        domain.close();
    }
}
