package dev.simvisor.node.vmm.hardware;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.nonroot.ControlStructure;
import dev.simvisor.node.cpu.nonroot.NonRootOperation;
import dev.simvisor.node.cpu.system.ExceptionDelivery;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.GuestTime;
import dev.simvisor.node.vmm.memory.MachineBus;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a guest in non-root operation of a physical processor. To the machine it is an engine of the virtual processor like any
 * other: after {@link #run} that processor, the control structure's guest-state area, holds all of the guest's state, and has
 * executed exactly as many instructions as asked for.
 *
 * <p>An instruction that left is executed on the virtual processor, which finds the guest's own page tables in memory and the
 * virtual machine's board at its pins.
 */
public final class HardwareEngine implements Engine {
    private final Cpu virtual;
    private final Cpu physical;
    private final Interpreter emulator;
    private final Engine processor;
    private final GuestMemory memory;
    private final MachineBus bus;
    private final ExtendedPageTables extendedTables;
    private final ControlStructure controls;
    private final VirtualEvents events;
    private final ExitLedger ledger;
    private final GuestTime time;
    private final LongConsumer charge;
    /** Pages of the guest's were given other frames. */
    private boolean framesReplaced;

    /**
     * @param virtual the machine's processor
     * @param costs what the physical processor takes beside instructions
     * @param processors makes the engine that runs the physical processor
     * @param ledger counts and charges exits
     * @throws dev.simvisor.node.machine.memory.MachineMemoryExhausted when the host has no room for the extended page tables
     */
    public HardwareEngine(
            Cpu virtual,
            EngineFactory.Surroundings surroundings,
            ProcessorCosts costs,
            Function<Cpu, Engine> processors,
            ExitLedger ledger) {
        this.virtual = virtual;
        this.memory = surroundings.memory();
        this.ledger = ledger;
        bus = new MachineBus(memory);
        // Each virtual processor has tables of its own, so that a page's first use by each of them is an exit.
        extendedTables = new ExtendedPageTables(memory);
        controls = GuestControls.of(virtual, extendedTables.pointer());
        events = new VirtualEvents(virtual, controls, ledger);
        physical = new Cpu(bus, virtual);
        time = new GuestTime(virtual, physical);
        LongConsumer clock = surroundings.chargeEvent();
        charge = cycles -> time.charge(clock, cycles);
        physical.chargeTo(costs, charge);
        emulator = new Interpreter(virtual);
        processor = processors.apply(physical);
        memory.observeWrites(new Observer());
        memory.observeMappings(new Observer());
    }

    // ---- running

    @Override
    public void run(long instructions) {
        virtual.runLimit = virtual.completedInstructions + instructions;
        // The ledger is the machine's, whose processors run in turn.
        ledger.chargeTo(charge);
        if (framesReplaced) forgetFrames();
        boolean runStarts = true;
        while (mayGoOn() || events.deliveryInterrupted()) {
            if (virtual.shutdown || virtual.halted && !events.wake()) return;
            virtual.halted = false;
            events.prepareEntry(runStarts);
            runStarts = false;
            runInGuest();
            if (NonRootOperation.exited(physical)) answerExit();
        }
    }

    private boolean mayGoOn() {
        return virtual.completedInstructions < virtual.runLimit && !virtual.probe.isStopped();
    }

    private void runInGuest() {
        // Emulation may have changed what the physical processor's translations depend on: INVVPID.
        if (mappingChanged()) physical.memory.invalidateAll();
        controls.tscOffset = virtual.msr.tscOffset;
        NonRootOperation.enter(physical, controls);
        time.enterGuest();
        processor.run(Math.max(0, virtual.runLimit - virtual.completedInstructions));
        time.leaveGuest();
        NonRootOperation.leave(physical);
    }

    private boolean mappingChanged() {
        return virtual.cr3 != physical.cr3
                || virtual.cr0 != physical.cr0
                || virtual.cr4 != physical.cr4
                || virtual.msr.efer != physical.msr.efer;
    }

    // ---- exits

    private void answerExit() {
        events.takeInterruptedDelivery();
        switch (controls.exitReason) {
            case CPUID,
                    HLT,
                    INVD,
                    WBINVD,
                    INVLPG,
                    RDPMC,
                    RDTSC,
                    RDTSCP,
                    CONTROL_REGISTER_ACCESS,
                    MOV_DR,
                    RDMSR,
                    WRMSR,
                    ACCESS_TO_GDTR_OR_IDTR,
                    ACCESS_TO_LDTR_OR_TR -> answerInstruction();
            case IO_INSTRUCTION -> answerPortAccess();
            case EPT_VIOLATION -> answerEptViolation();
            case TASK_SWITCH -> answerTaskSwitch();
            case TRIPLE_FAULT -> answerTripleFault();
            // Nothing is left to do: the next entry finds the event injectable.
            case INTERRUPT_WINDOW, NMI_WINDOW -> countExit();
            // The host's: none come while a guest runs here.
            case EXTERNAL_INTERRUPT, EXCEPTION_OR_NMI, EPT_MISCONFIGURATION ->
                throw new IllegalStateException("unexpected VM exit: " + controls.exitReason.written());
        }
    }

    private void countExit() {
        ledger.count(ExitKind.VM_EXIT, controls.exitReason.written());
    }

    private void answerInstruction() {
        countExit();
        emulate(exitInstruction());
    }

    private void answerPortAccess() {
        ledger.count(ExitKind.PORT_IO);
        emulate(exitInstruction());
    }

    private Instruction exitInstruction() {
        Instruction instruction = physical.exit.instruction;
        if (instruction == null) throw new IllegalStateException("a VM exit without its instruction");
        return instruction;
    }

    private void answerTripleFault() {
        countExit();
        virtual.shutdown = true;
    }

    private void answerTaskSwitch() {
        countExit();
        executeOnVirtual(physical.exit.instruction);
    }

    /** Memory gets its translation, and the access is tried again; what is not memory is a device, and emulated. */
    private void answerEptViolation() {
        long gfn = controls.guestPhysicalAddress >>> FRAME_SHIFT;
        if (memory.isMemory(gfn)) {
            ledger.count(ExitKind.EPT_VIOLATION);
            extendedTables.map((int) gfn, bus.frameOf((int) gfn));
            return;
        }
        ledger.count(ExitKind.MEMORY_MAPPED_IO);
        executeOnVirtual(physical.exit.instruction);
    }

    // ---- emulation

    /** Does on the virtual processor what the physical one was about to: deliver an event, execute or else fetch an instruction. */
    private void executeOnVirtual(@Nullable Instruction instruction) {
        if (events.deliveryInterrupted()) {
            int event = controls.entryInterruptionInformation;
            controls.entryInterruptionInformation = 0;
            virtual.memory.flushAll();
            ExceptionDelivery.inject(virtual, event, controls.entryExceptionErrorCode);
        } else if (instruction != null) {
            emulate(instruction);
        } else {
            startInstruction();
            emulator.interpret();
        }
    }

    private void emulate(Instruction instruction) {
        startInstruction();
        emulator.emulate(instruction);
    }

    /** The virtual processor has seen nothing of the guest's INVLPGs; what holds off interrupts and breakpoints ends here. */
    private void startInstruction() {
        virtual.memory.flushAll();
        virtual.interruptShadow = false;
        virtual.debugShadow = false;
        virtual.otherFlags &= ~Flags.RF;
    }

    // ---- what devices and the host do to memory

    private final class Observer implements GuestMemory.WriteObserver, GuestMemory.MappingObserver {
        @Override
        public void dirtied(int gfn) {
            if (time.isInGuest()) ledger.count(ExitKind.DIRTY_LOG_FAULT);
        }

        @Override
        public void tracedPageWritten(long address, long length) {
            throw new IllegalStateException("no page is traced under nested paging");
        }

        @Override
        public void writesProtected() {
            physical.memory.flushWrites();
        }

        @Override
        public void framesReplaced() {
            framesReplaced = true;
        }

        @Override
        public void frameExchanged(int gfn, int from, int to) {
            if (framesReplaced || !extendedTables.maps(gfn)) return;
            processor.codeWritten((long) from << FRAME_SHIFT, FRAME_SIZE);
            extendedTables.map(gfn, to);
            bus.exchangeFrame(physical, gfn, from, to);
        }
    }

    private void forgetFrames() {
        processor.flushCode();
        extendedTables.clear();
        bus.forgetFrames();
        physical.memory.invalidateExtended();
        framesReplaced = false;
    }

    @Override
    public void codeWritten(long physicalAddress, long length) {
        // Without their frames the blocks are forgotten altogether, before the guest runs on.
        if (framesReplaced) return;
        bus.codeWritten(processor, physicalAddress, length);
    }

    /** Called when the machine has taken over another state: what was injected before has nothing to do with that. */
    @Override
    public void flushCode() {
        forgetFrames();
        controls.forgetInjection();
        events.forgetWindow();
    }

    /** What was to be injected is no more. */
    @Override
    public void initialize() {
        physical.memory.invalidateAll();
        controls.forgetInjection();
        events.forgetWindow();
    }

    @Override
    public void close() {
        processor.close();
        extendedTables.close();
    }
}
