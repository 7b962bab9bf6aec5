package dev.simvisor.node.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.InTargetProbe;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Entry;
import dev.simvisor.node.machine.boot.FirmwareLoader;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.boot.LinuxLoader;
import dev.simvisor.node.machine.boot.MultibootLoader;
import dev.simvisor.node.machine.device.apic.LocalApic;
import dev.simvisor.node.machine.disk.DiskImage;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import dev.simvisor.node.machine.network.NetworkCard;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.state.MachineState;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** A whole virtual machine: processors on a board with memory. */
public final class Machine implements GuestPlatform {
    private static final int STATE_VERSION = 1;

    private final MachineConfiguration configuration;
    private final GuestMemory memory;
    private final VirtualClock clock;
    private final Board board;
    private final InTargetProbe probe = new InTargetProbe();
    private final List<Processor> processors = new ArrayList<>();
    private final Turns<Processor> turns;
    private IntConsumer console = value -> {};
    private IntConsumer virtioConsole = value -> {};
    private IntConsumer debugConsole = value -> {};
    /** What there is to the machine when it is switched on, before anything is loaded. */
    private final MachineState poweredUp;

    private @Nullable RunOutcome ending;
    /**
     * After how many {@link #instructions} the guest is to wait for a page that it has accessed and that has yet to come. A run may
     * end before that: where what meets a missing page is the delivery of an exception, whose instruction counts already.
     */
    private long waitsAfter = Long.MAX_VALUE;
    /** Where the clock is to be at the end of the present run. */
    private long runTarget;

    /** As many disks as the bus has slots for. */
    public static final int MOST_DISKS = Board.MOST_DISKS;

    /** A machine without disks. */
    public Machine(MachineConfiguration configuration, MachineMemory host, EngineFactory engine) {
        this(configuration, host, engine, List.of());
    }

    /**
     * A machine without a network card.
     *
     * @param disks as in {@link #Machine(MachineConfiguration, MachineMemory, EngineFactory, List, NetworkCard)}
     */
    public Machine(
            MachineConfiguration configuration, MachineMemory host, EngineFactory engine, List<DiskImage> disks) {
        this(configuration, host, engine, disks, null);
    }

    /**
     * A machine that is switched off, with its memory reserved in the host's.
     *
     * @param engine makes the engine that runs each processor
     * @param disks its virtio disks, at most {@link #MOST_DISKS}, in the order of their slots; their contents are no part of the machine's state
     * @param card its virtio network card, or null for none
     * @throws MachineMemoryExhausted when the host has no room for the memory, or for what the engine needs of its own
     */
    public Machine(
            MachineConfiguration configuration,
            MachineMemory host,
            EngineFactory engine,
            List<DiskImage> disks,
            @Nullable NetworkCard card) {
        this.configuration = configuration;
        memory = new GuestMemory(host, configuration.memoryBytes(), configuration.firmwareBytes());
        clock = new VirtualClock(
                configuration.clockHertz(), configuration.cyclesPerThousandInstructions(), this::instructions);
        board = new Board(
                configuration,
                memory,
                clock,
                disks,
                card,
                new Board.Outputs(
                        value -> console.accept(value),
                        value -> virtioConsole.accept(value),
                        value -> debugConsole.accept(value)),
                this::endWith);
        for (LocalApic localApic : board.localApics) {
            Cpu cpu = new Cpu(new ProcessorBus(board, localApic), configuration.cpuModel(), probe);
            cpu.timestampCounter = clock;
            processors.add(new Processor(cpu, localApic, this::signalled));
        }
        turns = new Turns<>(processors, clock);
        if (processors.size() > 1) {
            processors.forEach(processor -> processor.cpu().onPause(this::yieldTurn));
        }
        processors.forEach(processor -> runBy(engine, processor));
        memory.observeMisses(this::waitForPage);
        memory.observeMappings(new GuestMemory.MappingObserver() {
            @Override
            public void writesProtected() {
                processors.forEach(processor -> processor.cpu().memory.flushWrites());
            }

            @Override
            public void framesReplaced() {
                processors.forEach(processor -> processor.cpu().memory.flushAll());
            }

            @Override
            public void frameExchanged(int gfn, int from, int to) {
                MachineMemory machine = memory.machine();
                long fromHost = machine.addressOf(from);
                long toHost = machine.addressOf(to);
                processors.forEach(processor -> processor.cpu().memory.moveFrame(fromHost, toHost));
            }
        });
        poweredUp = save();
    }

    private void runBy(EngineFactory factory, Processor processor) {
        EngineFactory.Surroundings surroundings = new EngineFactory.Surroundings(
                memory, cycles -> charge(processor, cycles), cycles -> chargeEvent(processor, cycles));
        try {
            Engine engine = factory.engine(processor.cpu(), surroundings);
            processor.runBy(engine);
            memory.watchCodeWith(engine);
        } catch (MachineMemoryExhausted e) {
            closeEnginesBefore(processor);
            memory.close();
            throw e;
        }
    }

    private void closeEnginesBefore(Processor processor) {
        for (Processor earlier : processors.subList(0, processors.indexOf(processor))) {
            earlier.engine().close();
        }
    }

    /** Loads a kernel and points the processor at its entry, as firmware does; or loads firmware, where a reset leads. */
    @Override
    public void boot(BootSource source) throws InvalidImageException {
        switch (source) {
            case BootSource.Firmware(Image image) -> {
                board.presetForFirmware();
                FirmwareLoader.load(memory, image);
            }
            case BootSource.Linux linux -> enter(LinuxLoader.load(memory, linux, board.initializeFirmware()));
            case BootSource.Multiboot multiboot -> {
                board.initializeFirmware();
                enter(MultibootLoader.load(memory, multiboot));
            }
        }
    }

    private void enter(Entry entry) {
        entry.enter(cpu(), memory);
        // Firmware leaves memory cacheable; a kernel that finds the ranges disabled says so and does without them.
        for (Processor processor : processors) {
            processor.cpu().msr.mtrrDefaultType = ModelSpecificRegisters.MTRR_ENABLED_WRITE_BACK;
        }
    }

    /**
     * As a pulse of the line that resets all chips of a PC does it, and firmware after it. The time-stamp counter goes on with the
     * clock. Hardware's would begin at 0 again (SDM Vol 3B §17.17); here that would show in IA32_TSC_ADJUST, which a reset leaves at
     * 0 and kernels take for a mistake of the firmware if it is not.
     */
    @Override
    public void reset(BootSource source) throws InvalidImageException {
        processors.forEach(processor -> processor.engine().flushCode());
        memory.clear();
        MachineState.Builder state = poweredUp.toBuilder();
        state.getProcessorBuilder().setInstructionsExecuted(cpu().instructionsExecuted());
        List<Processor> others = applicationProcessors();
        for (int n = 0; n < others.size(); n++) {
            state.getApplicationProcessorsBuilder(n)
                    .getCpuBuilder()
                    .setInstructionsExecuted(others.get(n).cpu().instructionsExecuted());
        }
        board.keepOverReset(state);
        try {
            restore(state.build());
        } catch (UnusableStateException impossible) {
            throw new IllegalStateException("the machine does not take its own state", impossible);
        }
        board.resetClockAndCalendar();
        boot(source);
        forgetWhatProcessorsCached();
        clock.skipTo(clock.cycles() + clock.toCycles(RESET_NANOS));
    }

    // ---- running ----

    @Override
    public RunOutcome runUntil(long deadlineCycles, long mostInstructions) {
        while (true) {
            clock.deliverDueEvents();
            if (hasShutDown()) {
                return new RunOutcome.TripleFault();
            }
            RunOutcome ended = ending;
            if (ended != null) {
                return ended;
            }
            if (probe.isStopped()) return new RunOutcome.Stopped();
            if (instructions() >= waitsAfter) {
                waitsAfter = Long.MAX_VALUE;
                return new RunOutcome.PageMissed();
            }
            if (clock.cycles() >= deadlineCycles || instructions() >= mostInstructions) {
                return turns.allIdle() ? new RunOutcome.Idle() : new RunOutcome.DeadlineReached();
            }
            long next = Math.min(clock.nextDueCycles(), deadlineCycles);
            Processor processor = turns.next();
            if (processor == null) {
                clock.skipTo(next);
            } else {
                execute(processor, Math.min(next, turns.endCycles()), mostInstructions);
            }
        }
    }

    private boolean hasShutDown() {
        for (int n = 0; n < processors.size(); n++) {
            if (processors.get(n).cpu().shutdown) return true;
        }
        return false;
    }

    /** Runs a processor until the clock is at {@code targetCycles}, or less if a device arms an event sooner. */
    private void execute(Processor processor, long targetCycles, long mostInstructions) {
        runTarget = targetCycles;
        probe.executedByOthers(instructions() - processor.cpu().instructionsExecuted());
        clock.announceEventsBefore(targetCycles, this::stopAtNextEvent);
        long most = Math.min(mostInstructions, waitsAfter) - instructions();
        processor.engine().run(Math.min(clock.instructionsUntil(targetCycles), most));
        clock.announceEventsBefore(Long.MIN_VALUE, () -> {});
    }

    /** A device, being accessed by the guest, armed an event that is due within this run. */
    private void stopAtNextEvent() {
        runTarget = Math.min(runTarget, clock.nextDueCycles());
        turns.current().stopAfter(Math.max(1, clock.instructionsUntil(runTarget)));
    }

    /** Lets time pass for the guest in the midst of a run: what is due in the meantime ends the run. */
    private void charge(Processor processor, long cycles) {
        if (cycles == 0) return;
        clock.charge(cycles);
        processor.stopAfter(Math.max(0, clock.instructionsUntil(runTarget)));
    }

    /** As {@link #charge}, for what an instruction in progress does. */
    private void chargeEvent(Processor processor, long cycles) {
        clock.charge(cycles);
        processor.stopAfter(Math.max(1, clock.instructionsUntil(runTarget)));
    }

    /** Something may have woken a processor. If it is another one's turn, that ends if it is to. */
    private void signalled(Processor processor) {
        if (processors.size() > 1 && processor != turns.current()) {
            turns.current().stopAfter(1);
        }
    }

    private void yieldTurn() {
        if (turns.yieldTurn()) turns.current().stopAfter(1);
    }

    private void waitForPage() {
        waitsAfter = Math.min(waitsAfter, instructions() + 1);
        turns.current().stopAfter(1);
    }

    private void endWith(RunOutcome outcome) {
        ending = outcome;
        turns.current().stopAfter(1);
    }

    @Override
    public long nextEventCycles() {
        return turns.allIdle() ? Math.max(clock.cycles(), clock.nextDueCycles()) : clock.cycles();
    }

    /** Whether every processor is halted with interrupts off, or has not been started. */
    @Override
    public boolean isStuck() {
        for (Processor processor : processors) {
            if (!processor.isStuck()) return false;
        }
        return true;
    }

    @Override
    public long instructions() {
        long sum = 0;
        for (int n = 0; n < processors.size(); n++)
            sum += processors.get(n).cpu().instructionsExecuted();
        return sum;
    }

    @Override
    public VirtualClock clock() {
        return clock;
    }

    public GuestMemory memory() {
        return memory;
    }

    /** The processor that boots. */
    public Cpu cpu() {
        return processors.getFirst().cpu();
    }

    // ---- for a debugger

    /** All processors, in the order of their numbers. */
    public List<Cpu> cpus() {
        return processors.stream().map(Processor::cpu).toList();
    }

    /** Number of the processor that executed last, and goes on unless its turn is over. */
    public int currentProcessor() {
        return turns.currentNumber();
    }

    /** Number of the processor that executes next, if any does before something is due. */
    public int upcomingProcessor() {
        return turns.upcoming();
    }

    /** Whether a processor has nothing to execute. */
    public boolean isIdle(int number) {
        return processors.get(number).isIdle();
    }

    /** Where all processors stop. */
    public InTargetProbe probe() {
        return probe;
    }

    public MachineConfiguration configuration() {
        return configuration;
    }

    // ---- console ----

    /** Where the bytes go that the guest sends through COM1, 0 to 255 each. */
    @Override
    public void consoleTo(IntConsumer sink) {
        console = sink;
    }

    /** Where the bytes go that the guest sends through its virtio console. */
    public void virtioConsoleTo(IntConsumer sink) {
        virtioConsole = sink;
    }

    @Override
    public void debugConsoleTo(IntConsumer sink) {
        debugConsole = sink;
    }

    /** Sends bytes to the guest's COM1, at the present cycle. */
    @Override
    public void type(byte[] bytes) {
        board.uart.receive(bytes);
    }

    @Override
    public int unreadInput() {
        return board.uart.unreadInput();
    }

    /** Sends bytes to the guest's virtio console, at the present cycle. */
    public void typeToVirtioConsole(byte[] bytes) {
        board.virtioConsole.receive(bytes);
    }

    @Override
    public void link(boolean up) {
        if (board.networkCard != null) board.networkCard.link(up);
    }

    /** Presses the power button, which asks the guest to shut down. */
    public void pressPowerButton() {
        board.power.pressPowerButton();
    }

    // ---- state ----

    @Override
    public GuestPages pages() {
        return memory;
    }

    /** Always: what is saved is all that there is to the machine. */
    @Override
    public boolean canBeSaved() {
        return true;
    }

    @Override
    public void requestSuspension() {}

    @Override
    public void resume() {}

    @Override
    public MachineState save() {
        MachineState.Builder state = MachineState.newBuilder()
                .setVersion(STATE_VERSION)
                .setMemoryBytes(configuration.memoryBytes())
                .setClockHertz(configuration.clockHertz())
                .setFirmwareBytes(configuration.firmwareBytes())
                .setProcessor(CpuStateCodec.save(cpu()));
        board.save(state);
        if (processors.size() > 1) {
            applicationProcessors().forEach(processor -> state.addApplicationProcessors(processor.save()));
            state.setTurns(turns.save());
        }
        return state.build();
    }

    @Override
    public void restore(ByteString state) throws UnusableStateException {
        try {
            restore(MachineState.parseFrom(state));
        } catch (InvalidProtocolBufferException e) {
            throw new UnusableStateException(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Takes over the saved state of a machine of the same configuration; the contents of memory are restored apart.
     *
     * @throws UnusableStateException when the state belongs to another kind of machine; the machine is of no use then
     */
    public void restore(MachineState state) throws UnusableStateException {
        checkShape(state);
        try {
            CpuStateCodec.restore(cpu(), state.getProcessor());
            List<Processor> others = applicationProcessors();
            for (int n = 0; n < others.size(); n++) {
                others.get(n).restore(state.getApplicationProcessors(n));
            }
            board.restore(state);
            turns.restore(state.getTurns());
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new UnusableStateException("saved state does not fit this machine: " + e.getMessage());
        }
        forgetWhatProcessorsCached();
        ending = null;
        waitsAfter = Long.MAX_VALUE;
    }

    private void forgetWhatProcessorsCached() {
        for (Processor processor : processors) {
            processor.engine().flushCode();
            processor.cpu().memory.flushAll();
        }
    }

    /** All but the one that boots (SDM Vol 3A §9.4.1). */
    private List<Processor> applicationProcessors() {
        return processors.subList(1, processors.size());
    }

    private void checkShape(MachineState state) throws UnusableStateException {
        if (state.getVersion() != STATE_VERSION) {
            throw new UnusableStateException(
                    "saved state has version " + state.getVersion() + ": expected " + STATE_VERSION);
        }
        if (state.getMemoryBytes() != configuration.memoryBytes()) {
            throw new UnusableStateException("saved state is of a machine with " + state.getMemoryBytes()
                    + " bytes of memory, this one has " + configuration.memoryBytes());
        }
        if (state.getFirmwareBytes() != configuration.firmwareBytes()) {
            throw new UnusableStateException("saved state is of a machine with " + state.getFirmwareBytes()
                    + " bytes of firmware, this one has " + configuration.firmwareBytes());
        }
        if (state.getApplicationProcessorsCount() + 1 != processors.size()) {
            throw new UnusableStateException("saved state is of a machine with "
                    + (state.getApplicationProcessorsCount() + 1) + " processors, this one has " + processors.size());
        }
        if (state.hasTurns() != processors.size() > 1) {
            throw new UnusableStateException("saved state does not say whose turn it is among its processors");
        }
        if (state.getClockHertz() != configuration.clockHertz()) {
            throw new UnusableStateException(
                    "saved state is of a machine with another clock: " + state.getClockHertz() + " Hz");
        }
    }

    @Override
    public String stateHash() {
        MessageDigest digest = sha256();
        // The state has no maps, so that its encoding is the same wherever it is made.
        digest.update(save().toByteArray());
        memory.digest(digest);
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** Gives the memory back to the host. */
    @Override
    public void close() {
        processors.forEach(processor -> processor.engine().close());
        memory.close();
    }
}
