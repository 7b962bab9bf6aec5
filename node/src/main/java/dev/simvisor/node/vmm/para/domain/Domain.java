package dev.simvisor.node.vmm.para.domain;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.abi.SharedInfo;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.event.EventChannels;
import dev.simvisor.node.vmm.para.event.EventSink;
import dev.simvisor.node.vmm.para.grant.DomainGrants;
import dev.simvisor.node.vmm.para.memory.DirectPaging;
import dev.simvisor.node.vmm.para.memory.DomainBus;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A paravirtual domain: memory whose uses the VMM keeps count of, vCPUs, event channels, and the page that it shares with the
 * VMM. What hypercalls work on.
 */
public final class Domain implements EventSink, AutoCloseable {
    /** How a guest calls itself: DOMID_SELF. */
    public static final int SELF = 0x7FF0;

    /** Every domain's own number: it is the only one that its part of the VMM knows, beside that of the backends. */
    public static final int ID = 1;

    /** VMASST_TYPE_architectural_iopl: the guest's flags show the I/O privilege level that it asked for. */
    public static final int ASSIST_ARCHITECTURAL_IOPL = 4;

    /** Nobody waits for longer: 36 years. Cycles of any clock up to then fit into 64 bits. */
    private static final long END_OF_TIME_NANOS = 1L << 60;

    /** The shared info page, and as many for grant tables as Xen allows by default, status frames included. */
    private static final int SHARED_FRAMES = 1 + 64 + 64;

    /** What a guest asked for by SCHEDOP_shutdown; the ordinals are the public header sched.h's. */
    public enum Shutdown {
        POWEROFF,
        REBOOT,
        SUSPEND,
        CRASH,
        WATCHDOG,
        SOFT_RESET
    }

    private final DomainSettings settings;
    private final Function<Cpu, Engine> engines;
    private final VirtualClock clock;
    private final ExitLedger ledger;
    private final DomainMemory memory;
    private final FrameTable frames;
    private final HypervisorSpace space;
    private final DirectPaging paging;
    private final SharedInfo shared;
    private final EventChannels events;
    private final DomainGrants grants;
    private final List<Vcpu> vcpus = new ArrayList<>();
    int sharedFrames;
    long assists;
    private @Nullable Shutdown shutdown;
    /** gfn of the start info of a domain that is suspended. */
    private int startInfo = DomainMemory.NONE;

    private String crashReason = "";
    private DomainConsole console = bytes -> {};

    /** Where what the guest writes by the console_io hypercall goes. */
    public interface DomainConsole {
        void write(byte[] bytes);
    }

    /**
     * @param engines makes what runs each vCPU's processor
     * @throws dev.simvisor.node.machine.memory.MachineMemoryExhausted when the host has no room
     */
    public Domain(
            DomainSettings settings,
            MachineMemory machine,
            MachineAddressMap map,
            ExitLedger ledger,
            Function<Cpu, Engine> engines) {
        this(settings, memory(settings, machine, map), ledger, engines);
    }

    private Domain(DomainSettings settings, DomainMemory memory, ExitLedger ledger, Function<Cpu, Engine> engines) {
        this.settings = settings;
        this.engines = engines;
        this.ledger = ledger;
        this.memory = memory;
        clock = new VirtualClock(
                settings.clockHertz(), settings.cyclesPerThousandInstructions(), this::instructionsExecuted);
        frames = new FrameTable(memory, stamp -> vcpus.forEach(vcpu -> vcpu.flushTlbSince(stamp)));
        space = new HypervisorSpace(memory, settings.vcpus());
        paging = new DirectPaging(memory, frames, space, ledger);
        shared = new SharedInfo(memory.memory(), allocateSharedFrame());
        events = new EventChannels(shared, this, ID);
        grants = DomainGrants.of(memory, frames, paging, this::allocateSharedFrame, ID);
        DomainBus bus = new DomainBus(memory);
        long firstAddress = memory.firstMfn() << FRAME_SHIFT;
        for (int n = 0; n < settings.vcpus(); n++) {
            Vcpu vcpu = new Vcpu(this, n, bus, settings.cpuModel(), engines);
            memory.memory()
                    .watchCodeWith((address, length) -> vcpu.engine().codeWritten(firstAddress + address, length));
            vcpus.add(vcpu);
        }
        memory.memory().observeMappings(new GuestMemory.MappingObserver() {
            @Override
            public void writesProtected() {
                for (Vcpu vcpu : vcpus) vcpu.cpu().memory.flushWrites();
            }

            @Override
            public void framesReplaced() {
                for (Vcpu vcpu : vcpus) vcpu.cpu().memory.flushAll();
            }

            @Override
            public void frameExchanged(int gfn, int from, int to) {
                MachineMemory machine = memory.memory().machine();
                for (Vcpu vcpu : vcpus) vcpu.cpu().memory.moveFrame(machine.addressOf(from), machine.addressOf(to));
            }
        });
        shared.wallClock(settings.timeOfDay(), 0);
    }

    private static DomainMemory memory(DomainSettings settings, MachineMemory machine, MachineAddressMap map) {
        int guestFrames = (int) (settings.memoryBytes() >> FRAME_SHIFT);
        return new DomainMemory(
                machine,
                map,
                guestFrames,
                SHARED_FRAMES,
                HypervisorSpace.frames(guestFrames + SHARED_FRAMES, settings.vcpus()));
    }

    /**
     * A new domain in the place of this one, which is of no use any more: in the same memory, emptied, at the same machine addresses.
     * System time goes on, as a host's does when it destroys a domain and makes another; so do the numbers of instructions.
     */
    public Domain succeed() {
        vcpus.forEach(Vcpu::close);
        memory.clear();
        Domain next = new Domain(settings, memory, ledger, engines);
        for (int n = 0; n < vcpus.size(); n++) next.vcpus.get(n).countOnFrom(vcpus.get(n));
        next.clock.goOnFrom(clock);
        next.vcpus.forEach(Vcpu::beginNow);
        return next;
    }

    private long instructionsExecuted() {
        long sum = 0;
        for (int n = 0; n < vcpus.size(); n++) sum += vcpus.get(n).cpu().instructionsExecuted();
        return sum;
    }

    // ---- parts

    public DomainSettings settings() {
        return settings;
    }

    public VirtualClock clock() {
        return clock;
    }

    public ExitLedger ledger() {
        return ledger;
    }

    public DomainMemory memory() {
        return memory;
    }

    public FrameTable frames() {
        return frames;
    }

    public HypervisorSpace space() {
        return space;
    }

    public DirectPaging paging() {
        return paging;
    }

    public SharedInfo shared() {
        return shared;
    }

    public EventChannels events() {
        return events;
    }

    public DomainGrants grants() {
        return grants;
    }

    public List<Vcpu> vcpuList() {
        return vcpus;
    }

    /** Throws ENOENT if there is none. */
    public Vcpu vcpu(long id) {
        if (id < 0 || id >= vcpus.size()) throw XenError.ENOENT;
        return vcpus.get((int) id);
    }

    /** Throws ESRCH unless a domain number in a hypercall means the calling domain. */
    public static void checkSelf(int domain) {
        if (domain != SELF && domain != ID) throw XenError.ESRCH;
    }

    /** A frame that VMM and guest share, which the guest may map writable; returns its gfn. Throws ENOMEM when there are no more. */
    public int allocateSharedFrame() {
        if (sharedFrames == SHARED_FRAMES) throw XenError.ENOMEM;
        int gfn = memory.guestFrames() + sharedFrames++;
        frames.share(gfn);
        return gfn;
    }

    /** Switches a behaviour of the VMM on or off, by its VMASST_TYPE. */
    public void assist(int type, boolean on) {
        assists = on ? assists | 1L << type : assists & ~(1L << type);
    }

    /** All behaviours that are switched on, as bits. */
    public long assists() {
        return assists;
    }

    public void assists(long all) {
        assists = all;
    }

    public boolean assists(int type) {
        return (assists & 1L << type) != 0;
    }

    // ---- console

    public void consoleTo(DomainConsole sink) {
        console = sink;
    }

    public DomainConsole console() {
        return console;
    }

    // ---- the end

    public void shutdown(Shutdown reason) {
        shutdown = reason;
    }

    /** Ends the domain for something that the ABI lets nobody survive. */
    public void crash(String reason) {
        if (shutdown != null) return;
        shutdown = Shutdown.CRASH;
        crashReason = reason;
    }

    /** Null while it lives. */
    public @Nullable Shutdown shutdownReason() {
        return shutdown;
    }

    public String crashReason() {
        return crashReason;
    }

    // ---- suspension

    /** Halts the domain until {@link #resume}, with its start info in a frame that {@linkplain #isPlain may hold it}. */
    public void suspend(int startInfoFrame) {
        startInfo = startInfoFrame;
        shutdown = Shutdown.SUSPEND;
    }

    public boolean isSuspended() {
        return shutdown == Shutdown.SUSPEND;
    }

    /** gfn of the start info of a suspended domain. */
    public int startInfo() {
        return startInfo;
    }

    /** Ends the suspension: the call that began it returns. */
    public void resume(boolean cancelled) {
        shutdown = null;
        startInfo = DomainMemory.NONE;
        vcpus.getFirst().cpu().gpr[Cpu.RAX] = cancelled ? 1 : 0;
    }

    /** Whether a frame is the guest's and holds nothing that the processor uses, so that the VMM may write to it for the guest. */
    public boolean isPlain(int gfn) {
        if (gfn < 0 || gfn >= memory.guestFrames() || !frames.isAllocated(gfn)) return false;
        return switch (frames.type(gfn)) {
            case NONE, WRITABLE -> true;
            case L1, L2, L3, L4, SEGMENT_DESCRIPTORS -> false;
        };
    }

    // ---- time

    /** The cycle at which system time, in nanoseconds since the domain was made, reaches a value; never, if that is absurdly late. */
    public long cyclesAt(long systemTimeNanos) {
        if (systemTimeNanos > END_OF_TIME_NANOS) return Timer.NEVER;
        return systemTimeNanos <= 0 ? 0 : clock.toCycles(systemTimeNanos);
    }

    // ---- events

    @Override
    public int vcpus() {
        return settings.vcpus();
    }

    @Override
    public boolean select(int vcpu, int word) {
        return vcpus.get(vcpu).select(word);
    }

    @Override
    public void upcall(int vcpu) {
        vcpus.get(vcpu).upcall();
    }

    @Override
    public void polled(int port) {
        for (int n = 0; n < vcpus.size(); n++) vcpus.get(n).polled(port);
    }

    /** Adds the domain's state and memory to a digest. */
    public void digest(MessageDigest digest) {
        digest.update(DomainStateCodec.save(this).build().toByteArray());
        memory.memory().digest(digest);
    }

    @Override
    public void close() {
        vcpus.forEach(Vcpu::close);
        memory.close();
    }
}
