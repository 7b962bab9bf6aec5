package dev.simvisor.node.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Entry;
import dev.simvisor.node.machine.boot.FirmwareLoader;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.boot.LinuxLoader;
import dev.simvisor.node.machine.boot.MultibootLoader;
import dev.simvisor.node.machine.disk.DiskImage;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.state.MachineState;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** A whole virtual machine: a processor on a board with memory. */
public final class Machine implements GuestPlatform {
    private static final int STATE_VERSION = 1;

    private final MachineConfiguration configuration;
    private final GuestMemory memory;
    private final VirtualClock clock;
    private final Board board;
    private final Cpu cpu;
    private final Engine engine;
    private IntConsumer console = value -> {};
    private IntConsumer virtioConsole = value -> {};
    private IntConsumer debugConsole = value -> {};
    private @Nullable RunOutcome ending;
    /** Where the clock is to be at the end of the present run. */
    private long runTarget;

    /** As many disks as the bus has slots for. */
    public static final int MOST_DISKS = Board.MOST_DISKS;

    /** A machine without disks. */
    public Machine(MachineConfiguration configuration, MachineMemory host, EngineFactory engine) {
        this(configuration, host, engine, List.of());
    }

    /**
     * A machine that is switched off, with its memory reserved in the host's.
     *
     * @param engine makes the engine that runs the processor
     * @param disks its virtio disks, at most {@link #MOST_DISKS}, in the order of their slots; their contents are no part of the machine's state
     * @throws MachineMemoryExhausted when the host has no room for the memory, or for what the engine needs of its own
     */
    public Machine(
            MachineConfiguration configuration, MachineMemory host, EngineFactory engine, List<DiskImage> disks) {
        this.configuration = configuration;
        memory = new GuestMemory(host, configuration.memoryBytes(), configuration.firmwareBytes());
        clock = new VirtualClock(
                configuration.clockHertz(), configuration.cyclesPerThousandInstructions(), this::instructions);
        board = new Board(
                configuration,
                memory,
                clock,
                disks,
                new Board.Outputs(
                        value -> console.accept(value),
                        value -> virtioConsole.accept(value),
                        value -> debugConsole.accept(value)),
                this::endWith);
        cpu = new Cpu(board, configuration.cpuModel());
        cpu.interruptController = board.localApic;
        board.localApic.onNonMaskableInterrupt(this::interruptNonMaskably);
        cpu.timestampCounter = clock;
        this.engine = make(engine);
        memory.watchCodeWith(this.engine);
        memory.observeMappings(new GuestMemory.MappingObserver() {
            @Override
            public void writesProtected() {
                cpu.memory.flushWrites();
            }

            @Override
            public void framesReplaced() {
                cpu.memory.flushAll();
            }

            @Override
            public void frameMoved(long from, long to) {
                cpu.memory.moveFrame(from, to);
            }
        });
    }

    private Engine make(EngineFactory factory) {
        try {
            return factory.engine(cpu, new EngineFactory.Surroundings(memory, this::charge, this::chargeEvent));
        } catch (MachineMemoryExhausted e) {
            memory.close();
            throw e;
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
        entry.enter(cpu, memory);
        // Firmware leaves memory cacheable; a kernel that finds the ranges disabled says so and does without them.
        cpu.msr.mtrrDefaultType = ModelSpecificRegisters.MTRR_ENABLED_WRITE_BACK;
    }

    // ---- running ----

    @Override
    public RunOutcome runUntil(long deadlineCycles, long mostInstructions) {
        while (true) {
            clock.deliverDueEvents();
            if (cpu.shutdown) {
                return new RunOutcome.TripleFault();
            }
            RunOutcome ended = ending;
            if (ended != null) {
                return ended;
            }
            if (cpu.probe.isStopped()) return new RunOutcome.Stopped();
            if (clock.cycles() >= deadlineCycles || instructions() >= mostInstructions) {
                return isIdle() ? new RunOutcome.Idle() : new RunOutcome.DeadlineReached();
            }
            long next = Math.min(clock.nextDueCycles(), deadlineCycles);
            if (isIdle()) {
                clock.skipTo(next);
            } else {
                execute(next, mostInstructions);
            }
        }
    }

    /** Runs the processor until the clock is at {@code targetCycles}, or less if a device arms an event sooner. */
    private void execute(long targetCycles, long mostInstructions) {
        runTarget = targetCycles;
        clock.announceEventsBefore(targetCycles, this::stopAtNextEvent);
        engine.run(Math.min(clock.instructionsUntil(targetCycles), mostInstructions - instructions()));
        clock.announceEventsBefore(Long.MIN_VALUE, () -> {});
    }

    /** A device, being accessed by the guest, armed an event that is due within this run. */
    private void stopAtNextEvent() {
        runTarget = Math.min(runTarget, clock.nextDueCycles());
        stopAfter(Math.max(1, clock.instructionsUntil(runTarget)));
    }

    /** Ends the present run after so many more instructions, the one that is executing included. */
    private void stopAfter(long instructions) {
        cpu.runLimit = Math.min(cpu.runLimit, cpu.instructionsExecuted() + instructions);
        cpu.endBlock();
    }

    /** Lets time pass for the guest in the midst of a run: what is due in the meantime ends the run. */
    private void charge(long cycles) {
        if (cycles == 0) return;
        clock.charge(cycles);
        long left = Math.max(0, clock.instructionsUntil(runTarget));
        cpu.runLimit = Math.min(cpu.runLimit, cpu.instructionsExecuted() + left);
        cpu.endBlock();
    }

    /** As {@link #charge}, for what an instruction in progress does. */
    private void chargeEvent(long cycles) {
        clock.charge(cycles);
        stopAfter(Math.max(1, clock.instructionsUntil(runTarget)));
    }

    /** The processor's NMI pin: it is looked at before the next instruction. */
    private void interruptNonMaskably() {
        cpu.nmiPending = true;
        cpu.endBlock();
    }

    private void endWith(RunOutcome outcome) {
        ending = outcome;
        stopAfter(1);
    }

    /** Whether the processor is halted and nothing is there to wake it. */
    private boolean isIdle() {
        boolean interrupted = cpu.interruptsEnabled() && board.localApic.interruptPending();
        return cpu.halted && !interrupted && !cpu.nmiPending && cpu.pendingDebugTraps == 0;
    }

    @Override
    public long nextEventCycles() {
        return isIdle() ? Math.max(clock.cycles(), clock.nextDueCycles()) : clock.cycles();
    }

    /** Whether the processor is halted with interrupts off. */
    @Override
    public boolean isStuck() {
        return cpu.halted && !cpu.interruptsEnabled() && !cpu.nmiPending;
    }

    @Override
    public long instructions() {
        // The clock is asked for the time while the board is wired, before there is a processor.
        Cpu processor = cpu;
        return processor == null ? 0 : processor.instructionsExecuted();
    }

    @Override
    public VirtualClock clock() {
        return clock;
    }

    public GuestMemory memory() {
        return memory;
    }

    /** The processor, for a debugger and for tests. */
    public Cpu cpu() {
        return cpu;
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
                .setProcessor(CpuStateCodec.save(cpu));
        board.save(state);
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
            CpuStateCodec.restore(cpu, state.getProcessor());
            board.restore(state);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new UnusableStateException("saved state does not fit this machine: " + e.getMessage());
        }
        engine.flushCode();
        cpu.memory.flushAll();
        ending = null;
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
        engine.close();
        memory.close();
    }
}
