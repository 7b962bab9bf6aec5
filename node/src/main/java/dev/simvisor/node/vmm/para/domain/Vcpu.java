package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.SystemBus;
import dev.simvisor.node.cpu.system.DebugRegisters;
import dev.simvisor.node.cpu.system.FlatSegments;
import dev.simvisor.node.cpu.system.InterruptReturn;
import dev.simvisor.node.cpu.system.SegmentDescriptor;
import dev.simvisor.node.machine.Turns;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.vmm.para.abi.SharedInfo;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.event.EventChannels;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A virtual processor of a paravirtual domain: a physical processor that runs the guest in ring 3, kernel and programs alike,
 * and what the guest has told the VMM about how to enter its kernel.
 *
 * <p>The physical processor's control registers and tables are the VMM's, so that whatever is sensitive leaves the guest. The
 * guest's kernel and its programs have page tables of their own, between which {@link #toggleMode} switches.
 */
public final class Vcpu implements Turns.Participant {
    private static final int USER = 3;
    private static final int UPCALL_PENDING = 0;
    private static final int UPCALL_MASK = 1;
    private static final int PENDING_SELECTOR = 8;
    private static final int CR2 = 16;
    /** Where {@code struct vcpu_time_info} starts in a {@code vcpu_info}. */
    private static final int TIME = 32;

    private final Domain domain;
    private final int id;
    private final Cpu cpu;
    private final Engine engine;

    private boolean initialised;
    boolean kernelMode = true;
    private int kernelTable = DomainMemory.NONE;
    private int userTable = DomainMemory.NONE;
    private @Nullable GuestAccess access;
    /** When the TLB was last flushed entirely, by the domain's frame table. */
    private long flushedAt;

    long infoAddress;
    boolean infoMoved;

    // How the kernel wants to be entered.
    public final TrapTable traps = new TrapTable();
    public final Callback event = new Callback();
    public final Callback failsafe = new Callback();
    public final Callback syscall = new Callback();
    public final Callback sysenter = new Callback();
    public final Callback syscall32 = new Callback();
    public final Callback nmi = new Callback();
    /** Stack of the kernel for entries from user mode. */
    public long kernelStack;

    public int kernelStackSelector;
    /** The privilege level for port accesses that the kernel believes it has: it is told so in its flags. */
    public int virtualIopl;

    static final int MOST_GDT_PAGES = HypervisorSpace.RESERVED_PAGE;
    final int[] gdtFrames = new int[MOST_GDT_PAGES];
    int gdtPages;
    final Map<Integer, Integer> ldtFrames = new TreeMap<>();
    int ldtEntries;
    boolean yielded;
    /** Whether the VMM has been entered since the guest's events were last looked for. */
    private boolean vmmEntered = true;

    public final RunStateClock runState = new RunStateClock();
    /** Ports that it polls for while blocked; null when it waits for any event. */
    @Nullable
    BitSet polling;

    /** Fires when its single-shot timer is due. */
    private final Timer singleShot;

    private final Timer periodic;
    final SystemTime time;
    public final Preemption preemption;
    long periodNanos;
    /** Fires when a poll has lasted long enough. */
    private final Timer pollTimeout;

    Vcpu(Domain domain, int id, SystemBus bus, CpuModel model, Function<Cpu, Engine> engines) {
        this.domain = domain;
        this.id = id;
        cpu = new Cpu(bus, model);
        cpu.deprivileged = true;
        cpu.timestampCounter = domain.clock();
        infoAddress = domain.shared().vcpuInfo(id);
        time = new SystemTime(domain.clock());
        preemption = new Preemption(this);
        maskUpcalls(true);
        renewTime();
        initialiseProcessor();
        engine = engines.apply(cpu);
        singleShot = domain.clock().timer("vcpu" + id + "-single-shot", this::timerDue);
        periodic = domain.clock().timer("vcpu" + id + "-periodic", this::periodDue);
        pollTimeout = domain.clock().timer("vcpu" + id + "-poll", this::wake);
    }

    private void initialiseProcessor() {
        cpu.cr0 = ControlRegister.CR0_PE
                | ControlRegister.CR0_MP
                | ControlRegister.CR0_ET
                | ControlRegister.CR0_NE
                | ControlRegister.CR0_WP
                | ControlRegister.CR0_AM
                | ControlRegister.CR0_PG;
        cpu.cr4 = ControlRegister.CR4_PAE
                | ControlRegister.CR4_PGE
                | ControlRegister.CR4_DE
                | ControlRegister.CR4_OSFXSR
                | ControlRegister.CR4_OSXMMEXCPT;
        // Without SCE a SYSCALL is an invalid opcode, which leaves the guest as entering the VMM by it would.
        cpu.msr.efer =
                ModelSpecificRegisters.EFER_LME | ModelSpecificRegisters.EFER_LMA | ModelSpecificRegisters.EFER_NXE;
        cpu.gdtrBase = HypervisorSpace.gdt(id);
        cpu.gdtrLimit = (HypervisorSpace.RESERVED_PAGE + 1 << 12) - 1;
        cpu.idtrLimit = 0;
        // Too short for an I/O permission map: every port access faults.
        cpu.segmentLimit[SegmentRegister.TR] = 0;
        cpu.segmentRights[SegmentRegister.LDTR] = AccessRights.UNUSABLE;
        cpu.otherFlags = Flags.RESERVED_ONE | Flags.IF;
        FlatSegments.setCode(cpu, HypervisorSpace.FLAT_CODE_64, USER, 64);
        FlatSegments.setStack(cpu, HypervisorSpace.FLAT_DATA, USER);
        for (int segment : new int[] {SegmentRegister.DS, SegmentRegister.ES, SegmentRegister.FS, SegmentRegister.GS}) {
            cpu.selector[segment] = 0;
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0;
            cpu.segmentRights[segment] = AccessRights.UNUSABLE;
        }
        cpu.updateMode();
    }

    public Domain domain() {
        return domain;
    }

    public int id() {
        return id;
    }

    public Cpu cpu() {
        return cpu;
    }

    public Engine engine() {
        return engine;
    }

    // ---- kernel and user mode

    /** Whether the guest's kernel is at work, not a program of its. */
    public boolean inKernel() {
        return kernelMode;
    }

    /** Goes from kernel to user mode or back: the other page tables, the other GS base (SWAPGS). */
    public void toggleMode() {
        kernelMode = !kernelMode;
        long base = cpu.segmentBase[SegmentRegister.GS];
        cpu.segmentBase[SegmentRegister.GS] = cpu.msr.kernelGsBase;
        cpu.msr.kernelGsBase = base;
        cpu.updateSegment(SegmentRegister.GS);
        cpu.cr3 = domain.memory().mfn(kernelMode ? kernelTable : userTable) << 12;
        cpu.memory.invalidateNonGlobal();
    }

    /** Has it in kernel or user mode, as it was when it was saved. */
    void enterMode(boolean kernel) {
        kernelMode = kernel;
        cpu.cr3 = domain.memory().mfn(currentTable()) << 12;
        cpu.memory.invalidateAll();
    }

    public boolean hasKernelTable() {
        return kernelTable != DomainMemory.NONE;
    }

    public boolean hasUserTable() {
        return userTable != DomainMemory.NONE;
    }

    /** gfn of the level-4 table of the kernel. */
    public int kernelTable() {
        return kernelTable;
    }

    /** gfn of the level-4 table of programs, or {@link DomainMemory#NONE}. */
    public int userTable() {
        return userTable;
    }

    /** The page tables in force, whichever mode the guest is in. */
    public int currentTable() {
        return kernelMode ? kernelTable : userTable;
    }

    /** Makes a frame the kernel's level-4 table, and flushes the TLB. Throws EINVAL if it is not fit to be one. */
    public void kernelTable(int gfn) {
        domain.frames().takeAs(gfn, FrameType.L4);
        int old = kernelTable;
        kernelTable = gfn;
        access = new GuestAccess(domain.memory(), domain.frames(), gfn);
        if (kernelMode) cpu.cr3 = domain.memory().mfn(gfn) << 12;
        flushTlb();
        if (old != DomainMemory.NONE) domain.frames().dropAs(old);
    }

    /** As {@link #kernelTable(int)}, of the table of programs, of which {@link DomainMemory#NONE} means that there is none. */
    public void userTable(int gfn) {
        if (gfn != DomainMemory.NONE) domain.frames().takeAs(gfn, FrameType.L4);
        int old = userTable;
        userTable = gfn;
        // Pages of programs are global: what is left of the old table's has to go before the new one is used.
        flushTlb();
        if (old != DomainMemory.NONE) domain.frames().dropAs(old);
    }

    /** The guest's memory as its kernel sees it. */
    public GuestAccess access() {
        GuestAccess present = access;
        if (present == null) throw XenError.EFAULT;
        return present;
    }

    /** The guest's memory as its programs see it; throws EFAULT if there are none. */
    public GuestAccess userAccess() {
        if (!hasUserTable()) throw XenError.EFAULT;
        return new GuestAccess(domain.memory(), domain.frames(), userTable);
    }

    /** Flushes the TLB entirely. */
    public void flushTlb() {
        flushedAt = domain.frames().tick();
        cpu.memory.invalidateAll();
    }

    void flushTlbSince(long stamp) {
        if (flushedAt < stamp) flushTlb();
    }

    // ---- vcpu_info

    private GuestMemory memory() {
        return domain.memory().memory();
    }

    public boolean upcallPending() {
        return memory().read(infoAddress + UPCALL_PENDING, 1) != 0;
    }

    public boolean upcallsMasked() {
        return memory().read(infoAddress + UPCALL_MASK, 1) != 0;
    }

    public void maskUpcalls(boolean mask) {
        memory().write(infoAddress + UPCALL_MASK, 1, mask ? 1 : 0);
    }

    /**
     * An exit, or an interrupt of the physical processor: on its way back to the guest the VMM looks for events. A run that has
     * come to its end is neither: a kernel that opens its mask by a store has not been left, and delivering there would have it
     * depend on how runs are split.
     */
    public void vmmEntered() {
        vmmEntered = true;
    }

    /** Whether events are to be looked for; once for each time. */
    public boolean takeVmmEntered() {
        boolean value = vmmEntered;
        vmmEntered = false;
        return value;
    }

    /** Has it look for events. */
    void upcall() {
        vmmEntered = true;
        if (upcallPending()) return;
        memory().write(infoAddress + UPCALL_PENDING, 1, 1);
        wake();
    }

    /** Marks a word of ports in the selector; true if it was clear. */
    boolean select(int word) {
        long selector = memory().read(infoAddress + PENDING_SELECTOR, 8);
        if ((selector & 1L << word) != 0) return false;
        memory().write(infoAddress + PENDING_SELECTOR, 8, selector | 1L << word);
        return true;
    }

    /** Leaves a page fault's address for the kernel, which cannot read CR2. */
    public void faultAddress(long linear) {
        memory().write(infoAddress + CR2, 8, linear);
    }

    public long faultAddress() {
        return memory().read(infoAddress + CR2, 8);
    }

    /** Brings the guest's notion of system time up to date. */
    public void renewTime() {
        time.renew(memory(), infoAddress + TIME);
    }

    /** Moves the {@code vcpu_info} to an address in the guest's own memory, which keeps a reference; once only. */
    public void moveInfo(int gfn, int offset) {
        if (infoMoved || offset < 0 || offset > 4096 - SharedInfo.VCPU_INFO_SIZE) throw XenError.EINVAL;
        domain.frames().takeAs(gfn, FrameType.WRITABLE);
        long target = (long) gfn << 12 | offset;
        for (int at = 0; at < SharedInfo.VCPU_INFO_SIZE; at += 8) {
            memory().write(target + at, 8, memory().read(infoAddress + at, 8));
        }
        infoAddress = target;
        infoMoved = true;
        // Whatever came up meanwhile is looked for anew (Xen marks everything as possibly pending).
        memory().write(infoAddress + PENDING_SELECTOR, 8, -1);
        upcall();
    }

    // ---- descriptor tables

    /** Replaces the GDT: frames of up to 14 pages, each of which gets a use as descriptors. */
    public void gdt(int[] gfns) {
        for (int taken = 0; taken < gfns.length; taken++) {
            try {
                domain.frames().takeAs(gfns[taken], FrameType.SEGMENT_DESCRIPTORS);
            } catch (XenError refused) {
                while (--taken >= 0) domain.frames().dropAs(gfns[taken]);
                throw refused;
            }
        }
        for (int page = 0; page < gdtPages; page++) {
            domain.space().unmapGdtPage(id, page);
            domain.frames().dropAs(gdtFrames[page]);
        }
        gdtPages = gfns.length;
        for (int page = 0; page < gdtPages; page++) {
            gdtFrames[page] = gfns[page];
            domain.space().mapGdtPage(id, page, gfns[page]);
        }
        cpu.memory.invalidateAll();
    }

    /** Replaces the LDT: {@code entries} descriptors at a linear address of the kernel's. A page that is not fit stays empty. */
    public void ldt(long linear, int entries) {
        ldtFrames.forEach((page, gfn) -> {
            domain.space().unmapLdtPage(id, page);
            domain.frames().dropAs(gfn);
        });
        ldtFrames.clear();
        for (int page = 0; page < ldtPages(entries); page++) mapLdtPage(page, linear + ((long) page << 12));
        ldtEntries(entries);
    }

    static int ldtPages(int entries) {
        return (entries + 511) / 512;
    }

    private void ldtEntries(int entries) {
        ldtEntries = entries;
        cpu.segmentBase[SegmentRegister.LDTR] = HypervisorSpace.ldt(id);
        cpu.segmentLimit[SegmentRegister.LDTR] = entries == 0 ? 0 : 8L * entries - 1;
        cpu.segmentRights[SegmentRegister.LDTR] =
                entries == 0 ? AccessRights.UNUSABLE : AccessRights.PRESENT | SegmentDescriptor.LDT;
        cpu.memory.invalidateAll();
    }

    private void mapLdtPage(int page, long linear) {
        long entry = domain.paging().entryOf(kernelTable, linear);
        int gfn = domain.memory().gfn(PageTableEntry.mfn(entry));
        if (!PageTableEntry.isPresent(entry) || gfn == DomainMemory.NONE) return;
        try {
            domain.frames().takeAs(gfn, FrameType.SEGMENT_DESCRIPTORS);
        } catch (XenError unfit) {
            return;
        }
        domain.space().mapLdtPage(id, page, gfn);
        ldtFrames.put(page, gfn);
    }

    /** As saved: the frame of each page, or {@link DomainMemory#NONE}. */
    void restoreLdt(List<Integer> gfns, int entries) {
        for (int page = 0; page < gfns.size(); page++) {
            int gfn = gfns.get(page);
            if (gfn == DomainMemory.NONE) continue;
            domain.frames().takeAs(gfn, FrameType.SEGMENT_DESCRIPTORS);
            domain.space().mapLdtPage(id, page, gfn);
            ldtFrames.put(page, gfn);
        }
        ldtEntries(entries);
    }

    // ---- registers that the kernel cannot reach

    /** Sets or clears CR0.TS. */
    public void taskSwitched(boolean set) {
        cpu.cr0 = set ? cpu.cr0 | ControlRegister.CR0_TS : cpu.cr0 & ~ControlRegister.CR0_TS;
        cpu.updateMode();
    }

    public boolean taskSwitched() {
        return (cpu.cr0 & ControlRegister.CR0_TS) != 0;
    }

    /** Throws EINVAL if there is no such debug register. */
    public long debugRegister(long number) {
        if (number < 0 || number > 7 || number == 4 || number == 5) throw XenError.EINVAL;
        return cpu.dr[(int) number];
    }

    /** Throws EPERM for a breakpoint on the VMM, EINVAL for what the register cannot hold. */
    public void debugRegister(long number, long value) {
        debugRegister(number);
        if (number < 4 && value != 0 && !HypervisorSpace.isGuests(value)) throw XenError.EPERM;
        if (number >= 6 && value >>> 32 != 0) throw XenError.EINVAL;
        DebugRegisters.set(cpu, (int) number, value);
    }

    /** Continues in ring 3 as IRETQ would; raises what IRETQ raises. */
    public void returnTo(long rip, int selector, int flags, long stack, int stackSelector) {
        InterruptReturn.toRing3(
                cpu, rip, selector, flags & Flags.EVERY & ~(Flags.IOPL | Flags.VM) | Flags.IF, stack, stackSelector);
    }

    // ---- life

    /** Lets another vCPU have the processor. */
    public void yield() {
        yielded = true;
    }

    /** Whether it has yielded since last asked. */
    public boolean takeYield() {
        boolean value = yielded;
        yielded = false;
        return value;
    }

    /** Whether the guest has said how it starts. */
    public boolean isInitialised() {
        return initialised;
    }

    public void initialised(boolean value) {
        initialised = value;
    }

    public boolean isUp() {
        return runState.state() != RunState.OFFLINE;
    }

    public void up() {
        if (!isUp()) enter(RunState.RUNNABLE);
    }

    public void down() {
        enter(RunState.OFFLINE);
    }

    public boolean isRunnable() {
        return runState.state() == RunState.RUNNABLE || runState.state() == RunState.RUNNING;
    }

    @Override
    public boolean isIdle() {
        return !isRunnable();
    }

    /** Waits for an event, unless one is pending. */
    public void block() {
        maskUpcalls(false);
        if (!upcallPending()) enter(RunState.BLOCKED);
    }

    /** Waits for an event of one of some ports, whether masked or not, or until a time. */
    public void poll(BitSet ports, long deadlineCycles) {
        polling = ports;
        if (deadlineCycles != Timer.NEVER) pollTimeout.arm(deadlineCycles);
        enter(RunState.BLOCKED);
    }

    void polled(int port) {
        BitSet wanted = polling;
        if (wanted != null && (wanted.isEmpty() || wanted.get(port))) wake();
    }

    /** Ends a wait. */
    public void wake() {
        if (runState.state() != RunState.BLOCKED) return;
        polling = null;
        pollTimeout.disarm();
        enter(RunState.RUNNABLE);
    }

    /** Gives it the processor, or takes it away. */
    public void enter(RunState state) {
        if (runState.state() == state) return;
        vmmEntered = true;
        runState.enter(state, domain.clock().nanos());
        if (state == RunState.RUNNING) runState.publish(this);
    }

    /** Has executed as many instructions as another, in whose place it is. */
    void countOnFrom(Vcpu before) {
        cpu.completedInstructions = before.cpu.instructionsExecuted();
    }

    /** The clock has been set, to when the vCPU is made. */
    void beginNow() {
        runState.enteredNanos = domain.clock().nanos();
        time.outdate();
        renewTime();
    }

    // ---- timers

    /** Arms the single-shot timer for a system time; anything past is due at once. */
    public void armTimer(long systemTimeNanos) {
        singleShot.arm(domain.cyclesAt(systemTimeNanos));
    }

    public void disarmTimer() {
        singleShot.disarm();
    }

    /** A timer interrupt each so many nanoseconds from now on; 0 for none. */
    public void period(long nanos) {
        periodNanos = nanos;
        if (nanos == 0) periodic.disarm();
        else periodic.arm(domain.cyclesAt(domain.clock().nanos() + nanos));
    }

    private void timerDue() {
        domain.events().raiseVirtualInterrupt(EventChannels.VIRQ_TIMER, id);
    }

    private void periodDue() {
        timerDue();
        period(periodNanos);
    }

    void close() {
        engine.close();
    }
}
