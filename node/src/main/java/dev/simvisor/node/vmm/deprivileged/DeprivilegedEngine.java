package dev.simvisor.node.vmm.deprivileged;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.TranslationPass;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.system.ExceptionDelivery;
import dev.simvisor.node.cpu.table.InstructionClass;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.GuestTime;
import dev.simvisor.node.vmm.memory.MachineBus;
import dev.simvisor.node.vmm.memory.ShadowPageTables;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a guest in rings 1 and 3 of a physical processor. To the machine it is an engine of the virtual processor like any
 * other: after {@link #run} that processor holds all of the guest's state, and has executed exactly as many instructions as
 * asked for.
 *
 * <p>An exit's instruction is executed on the virtual processor, which is in ring 0, sees the guest's own page tables and
 * finds the virtual machine's board at its pins; what it raises is delivered there too.
 */
public final class DeprivilegedEngine implements Engine {
    /** They fault because the VMM has disabled them, not because the guest has. */
    private static final Set<String> SYSTEM_CALLS = Set.of("SYSCALL", "SYSENTER");

    private static final Set<String> PORT_ACCESSES =
            Set.of("IN", "INSB", "INSW", "INSD", "OUT", "OUTSB", "OUTSW", "OUTSD");

    private final Cpu virtual;
    private final Cpu physical;
    private final Interpreter emulator;
    private final Engine processor;
    private final GuestMemory memory;
    private final MachineBus bus;
    private final ShadowPageTables shadows;
    private final ShadowDescriptors descriptors;
    private final WorldSwitch worldSwitch;
    private final ExitLedger ledger;
    /** Of what the physical processor does with critical instructions, when that is not replaced. */
    private final @Nullable CriticalInstructionWitness witness;

    /** By row and operand size. */
    private @Nullable Form[] forms = new Form[1024];

    private final Interpreter stepper;
    private final GuestTime time;
    private final LongConsumer exitCharge;

    // The address space that the shadow root was loaded for.
    private boolean rootLoaded;
    private boolean rootIsMemory;
    private long rootCr0;
    private long rootCr3;
    private long rootCr4;
    private long rootEfer;
    private final long[] rootPointers = new long[4];

    // The last page fault that was answered by filling the shadows: the same again means that filling is no answer.
    private long filledAt = -1;
    private long filledLinear;
    private int filledCode;

    /**
     * @param virtual the machine's processor
     * @param pass what to replace in the kernel's code; {@link WatchedInstructions} replaces nothing
     * @param costs what the physical processor takes beside instructions
     * @param processors makes the engine that runs the physical processor
     * @throws dev.simvisor.node.machine.memory.MachineMemoryExhausted when the host has no room for the shadow page tables
     */
    public DeprivilegedEngine(
            Cpu virtual,
            EngineFactory.Surroundings surroundings,
            TranslationPass pass,
            ProcessorCosts costs,
            Function<Cpu, Engine> processors,
            ExitLedger ledger) {
        this.virtual = virtual;
        this.memory = surroundings.memory();
        this.ledger = ledger;
        bus = new MachineBus(memory);
        physical = new Cpu(bus, virtual);
        physical.deprivileged = true;
        physical.translationPass = pass;
        physical.interruptController = new VirtualInterrupts(virtual.interruptController);
        time = new GuestTime(virtual, physical);
        LongConsumer charge = surroundings.charge();
        LongConsumer chargeEvent = surroundings.chargeEvent();
        exitCharge = cycles -> time.charge(charge, cycles);
        // For what an instruction of the guest's does on the physical processor, and nothing else.
        physical.chargeTo(costs, cycles -> {
            if (time.isInGuest()) time.charge(chargeEvent, cycles);
        });
        virtual.memory.leadTlbOf(physical.memory);
        emulator = new Interpreter(virtual);
        processor = processors.apply(physical);
        stepper = new Interpreter(physical);
        boolean watching = pass == WatchedInstructions.INSTANCE;
        witness = watching ? new CriticalInstructionWitness(virtual, memory, ledger.slipped()) : null;
        shadows = new ShadowPageTables(virtual, physical, memory, bus);
        descriptors = new ShadowDescriptors(virtual, memory, bus, shadows.vmmArea());
        worldSwitch = new WorldSwitch(virtual, physical, shadows.vmmArea());
        memory.observeWrites(new Tracer());
        memory.observeMappings(new GuestMemory.MappingObserver() {
            @Override
            public void writesProtected() {
                physical.memory.flushWrites();
            }

            @Override
            public void framesReplaced() {
                flushCode();
            }

            @Override
            public void frameExchanged(int gfn, int from, int to) {
                if (!bus.knows(from, gfn)) return;
                processor.codeWritten((long) from << FRAME_SHIFT, FRAME_SIZE);
                shadows.exchangeFrame(from, to);
                bus.exchangeFrame(physical, gfn, from, to);
            }
        });
    }

    // ---- running

    @Override
    public void run(long instructions) {
        virtual.runLimit = virtual.completedInstructions + instructions;
        // The ledger is the machine's, whose processors run in turn.
        ledger.chargeTo(exitCharge);
        virtual.attention = true;
        while (virtual.completedInstructions < virtual.runLimit) {
            if (!deliverEvents()) return;
            if (worldSwitch.isRepresentable() && loadRoot()) {
                runInGuest();
                answerExit();
                if (virtual.probe.isStopped()) emulator.holdNext();
            } else {
                ledger.count(ExitKind.INTERPRETED);
                emulator.interpret();
            }
        }
    }

    private boolean deliverEvents() {
        long before = emulator.interruptsDelivered();
        boolean runs = emulator.deliverEvents();
        if (emulator.interruptsDelivered() != before) ledger.count(ExitKind.INTERRUPT_DELIVERY);
        return runs;
    }

    private void runInGuest() {
        enterGuest();
        // Not before: what the VMM reads of the guest's on the way in may end the run sooner.
        long left = virtual.runLimit - virtual.completedInstructions;
        processor.run(emulator.singleInstruction() ? 1 : Math.max(0, left));
        leaveGuest();
    }

    /** The root is loaded. */
    private void enterGuest() {
        descriptors.update();
        worldSwitch.enter();
        physical.exit.clear();
        time.enterGuest();
    }

    private void leaveGuest() {
        time.leaveGuest();
        worldSwitch.leave();
    }

    /**
     * Returns whether the guest can run in this address space: not if its tables are no memory, nor if its programs leave the
     * VMM no room.
     */
    private boolean loadRoot() {
        boolean same = rootLoaded
                && rootCr3 == virtual.cr3
                && rootCr0 == virtual.cr0
                && rootCr4 == virtual.cr4
                && rootEfer == virtual.msr.efer
                && Arrays.equals(rootPointers, virtual.pdpte);
        if (same) return rootIsMemory && shadows.admits();
        rootLoaded = true;
        rootCr3 = virtual.cr3;
        rootCr0 = virtual.cr0;
        rootCr4 = virtual.cr4;
        rootEfer = virtual.msr.efer;
        System.arraycopy(virtual.pdpte, 0, rootPointers, 0, rootPointers.length);
        rootIsMemory = shadows.rootIsMemory();
        if (!rootIsMemory) return false;
        shadows.loadRoot();
        return shadows.admits();
    }

    // ---- exits

    private void answerExit() {
        Exit exit = physical.exit;
        switch (exit.kind) {
            case NONE -> {}
            case CALLOUT -> answerCallout(exit);
            case EXCEPTION -> answerException(exit);
            case NON_ROOT -> throw new IllegalStateException("a VM exit outside non-root operation");
        }
    }

    private void answerCallout(Exit exit) {
        Instruction instruction = exit.instruction;
        if (instruction == null) throw new IllegalStateException("a callout without its instruction");
        if (witness != null) {
            executeWatched(instruction, witness);
            return;
        }
        Form form = form(instruction);
        ledger.count(form.accessesPorts ? ExitKind.PORT_IO : ExitKind.CALLOUT, form.mnemonic);
        emulator.emulate(instruction);
    }

    /** The physical processor executes a critical instruction in ring 1; no exit, unless it faults. */
    private void executeWatched(Instruction instruction, CriticalInstructionWitness watching) {
        watching.execute(instruction);
        enterGuest();
        physical.otherFlags &= ~Flags.RF;
        stepper.emulate(instruction);
        leaveGuest();
        if (physical.exit.kind == Exit.Kind.NONE) watching.compare(instruction);
        else answerExit();
    }

    private void answerException(Exit exit) {
        if (exit.vector == GuestException.PAGE_FAULT) {
            answerPageFault(exit);
            return;
        }
        Instruction instruction = exit.instruction;
        if (instruction == null) {
            reflect(exit);
            return;
        }
        Form form = form(instruction);
        ledger.count(kind(form), form.mnemonic);
        emulator.emulate(instruction);
    }

    /** What an instruction is that faulted: one that the VMM has taken away, or one that is a fault of the guest's too. */
    private ExitKind kind(Form form) {
        if (form.accessesPorts) {
            return virtual.cpl <= virtual.ioPrivilegeLevel() ? ExitKind.PORT_IO : ExitKind.REFLECTED_EXCEPTION;
        }
        return form.privileged && virtual.cpl == 0 || form.callsSystem
                ? ExitKind.PRIVILEGED_TRAP
                : ExitKind.REFLECTED_EXCEPTION;
    }

    /** What there is to know of an instruction that exits. */
    private record Form(String mnemonic, boolean accessesPorts, boolean callsSystem, boolean privileged) {
        static Form of(Instruction instruction) {
            String mnemonic = instruction.row.mnemonic(instruction.operandSize);
            return new Form(
                    mnemonic,
                    PORT_ACCESSES.contains(mnemonic),
                    SYSTEM_CALLS.contains(mnemonic),
                    instruction.row.instructionClass() == InstructionClass.PRIVILEGED);
        }
    }

    private Form form(Instruction instruction) {
        // The mnemonic differs for operands of 16, 32 and 64 bits.
        int index = instruction.row.id() << 3 | instruction.operandSize >>> 4 & 7;
        if (index >= forms.length) forms = Arrays.copyOf(forms, 2 * index);
        Form known = forms[index];
        return known != null ? known : (forms[index] = Form.of(instruction));
    }

    /** An exception without an instruction: a fetch that failed, which counts as one, or a debug trap, which does not. */
    private void reflect(Exit exit) {
        ledger.count(ExitKind.REFLECTED_EXCEPTION);
        if (exit.vector == GuestException.DEBUG) {
            ExceptionDelivery.deliver(virtual, virtual.raise(GuestException.DEBUG));
        } else {
            deliver(exit.hasErrorCode ? virtual.raise(exit.vector, exit.errorCode) : virtual.raise(exit.vector));
        }
    }

    private void answerPageFault(Exit exit) {
        long linear = exit.faultAddress;
        if (shadows.vmmArea().contains(linear) && shadows.mapVmmArea()) {
            ledger.count(ExitKind.HIDDEN_PAGE_FAULT);
            return;
        }
        long page = virtual.memory.walk(linear, exit.errorCode);
        if (page == LinearMemory.FAULTED) {
            ledger.count(ExitKind.TRUE_PAGE_FAULT);
            deliver(virtual.memory.walkFault());
            return;
        }
        boolean memoryPage = memory.isMemory(page >>> FRAME_SHIFT);
        if (memoryPage && !repeats(exit) && shadows.fill(linear, page, (exit.errorCode & 2) != 0)) {
            ledger.count(ExitKind.HIDDEN_PAGE_FAULT);
            return;
        }
        ledger.count(memoryPage ? ExitKind.INTERPRETED : ExitKind.MEMORY_MAPPED_IO);
        Instruction instruction = exit.instruction;
        if (instruction == null) emulator.interpret();
        else emulator.emulate(instruction);
    }

    /** Delivers what the instruction at rIP has raised, on the physical processor as it would have on the virtual one. */
    private void deliver(GuestException raised) {
        ExceptionDelivery.deliver(virtual, raised);
        virtual.completedInstructions++;
    }

    /** Whether this very fault was answered by filling the shadows already, with no instruction executed since. */
    private boolean repeats(Exit exit) {
        boolean same = filledAt == virtual.completedInstructions
                && filledLinear == exit.faultAddress
                && filledCode == exit.errorCode;
        filledAt = virtual.completedInstructions;
        filledLinear = exit.faultAddress;
        filledCode = exit.errorCode;
        return same;
    }

    // ---- what the guest, devices and the host do to memory

    private final class Tracer implements GuestMemory.WriteObserver {
        @Override
        public void dirtied(int gfn) {
            if (time.isInGuest()) ledger.count(ExitKind.DIRTY_LOG_FAULT);
        }

        @Override
        public void tracedPageWritten(long address, long length) {
            descriptors.written(address, length);
            boolean byGuest = time.isInGuest();
            if (shadows.written(address, length, byGuest) && byGuest) ledger.count(ExitKind.PAGE_TABLE_WRITE);
        }
    }

    @Override
    public void codeWritten(long physicalAddress, long length) {
        bus.codeWritten(processor, physicalAddress, length);
    }

    @Override
    public void flushCode() {
        processor.flushCode();
        shadows.dropAll();
        bus.forgetFrames();
        physical.memory.flushAll();
        rootLoaded = false;
    }

    @Override
    public void initialize() {
        physical.memory.flushAll();
        rootLoaded = false;
    }

    @Override
    public void close() {
        processor.close();
        shadows.close();
    }
}
