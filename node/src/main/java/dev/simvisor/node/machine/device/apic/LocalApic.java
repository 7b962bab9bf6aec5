package dev.simvisor.node.machine.device.apic;

import dev.simvisor.node.cpu.InterruptController;
import dev.simvisor.node.machine.device.pic.PicPair;
import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.state.LocalApicState;
import java.util.Arrays;

/**
 * The local APIC of one processor in xAPIC mode (SDM Vol 3A ch. 11), with the 8259A pair at LINT0.
 *
 * <p>It is what the processor sees of all interrupt controllers: while it is disabled, or LINT0 is programmed for ExtINT,
 * the pair's requests pass through it. Its timer counts virtual cycles divided by the divide configuration.
 */
public final class LocalApic implements InterruptController {
    /** Where the registers are after reset. */
    public static final long DEFAULT_BASE = 0xFEE0_0000L;

    // Register offsets, table 11-1
    private static final int ID = 0x020;
    private static final int VERSION = 0x030;
    private static final int TASK_PRIORITY = 0x080;
    private static final int ARBITRATION_PRIORITY = 0x090;
    private static final int PROCESSOR_PRIORITY = 0x0A0;
    private static final int END_OF_INTERRUPT = 0x0B0;
    private static final int LOGICAL_DESTINATION = 0x0D0;
    private static final int DESTINATION_FORMAT = 0x0E0;
    private static final int SPURIOUS_VECTOR = 0x0F0;
    private static final int IN_SERVICE = 0x100;
    private static final int TRIGGER_MODE = 0x180;
    private static final int REQUESTS = 0x200;
    private static final int VECTOR_REGISTERS_END = 0x280;
    private static final int ERROR_STATUS = 0x280;
    private static final int COMMAND_LOW = 0x300;
    private static final int COMMAND_HIGH = 0x310;
    private static final int LOCAL_VECTORS = 0x320;
    private static final int LOCAL_VECTORS_END = 0x380;
    private static final int TIMER_INITIAL_COUNT = 0x380;
    private static final int TIMER_CURRENT_COUNT = 0x390;
    private static final int TIMER_DIVIDE = 0x3E0;

    // Rows of the local vector table, in register order from LOCAL_VECTORS
    private static final int LVT_TIMER = 0;
    private static final int LVT_LINT0 = 3;
    private static final int LVT_LINT1 = 4;
    private static final int LVT_ERROR = 5;
    private static final int LVT_ROWS = 6;
    private static final int[] LVT_WRITABLE = {0x700FF, 0x107FF, 0x107FF, 0x1A7FF, 0x1A7FF, 0x100FF};

    private static final int LVT_MASKED = 1 << 16;
    private static final int DELIVERY_MODE_SHIFT = 8;
    static final int DELIVERY_FIXED = 0;
    static final int DELIVERY_LOWEST_PRIORITY = 1;
    static final int DELIVERY_NMI = 4;
    static final int DELIVERY_INIT = 5;
    static final int DELIVERY_START_UP = 6;
    private static final int DELIVERY_EXT_INT = 7;
    private static final int LEVEL_ASSERT = 1 << 14;
    private static final int TRIGGER_LEVEL = 1 << 15;

    // Destination shorthands, bits 19:18 of the interrupt command
    private static final int NO_SHORTHAND = 0;
    private static final int SELF = 1;
    private static final int ALL_INCLUDING_SELF = 2;
    private static final int TIMER_MODE_SHIFT = 17;
    private static final int TIMER_PERIODIC = 1;
    private static final int TIMER_TSC_DEADLINE = 2;

    private static final int SOFTWARE_ENABLE = 1 << 8;
    private static final int BASE_BOOTSTRAP = 1 << 8;
    private static final int BASE_ENABLE = 1 << 11;
    private static final long BASE_ADDRESS = 0xF_FFFF_F000L;

    /** Version 14h, 6 local vectors (table 11-1 and §11.4.8): no suppression of end-of-interrupt broadcasts. */
    private static final int VERSION_VALUE = 0x14 | (LVT_ROWS - 1) << 16;

    /**
     * Shortest period of a periodic timer, in virtual time. A guest may ask for an interrupt at every cycle; it gets this,
     * as under other hypervisors, so that it cannot keep the simulator busy with events.
     */
    private static final long SHORTEST_PERIOD_NANOS = 10_000;

    private static final int ERROR_ILLEGAL_SEND_VECTOR = 1 << 5;
    private static final int ERROR_ILLEGAL_RECEIVE_VECTOR = 1 << 6;
    private static final int FIRST_LEGAL_VECTOR = 16;

    /** Told of an end of interrupt of a level-triggered vector, as the I/O APIC is by a broadcast (§11.8.5). */
    public interface EndOfInterruptListener {
        void endOfInterrupt(int vector);
    }

    /** The pins of the processor that its local APIC drives, which the APIC has no registers for. */
    public interface Pins {
        void nonMaskableInterrupt();

        /** INIT: the processor is reset, but for what {@link dev.simvisor.node.cpu.Cpu#initialize} leaves alone. */
        void initialize();

        /** A start-up message, for a processor that waits for one: it begins at 4 KiB times {@code vector}, in real mode. */
        void startUp(int vector);

        /** An interrupt is requested that may wake the processor, or interrupt it. */
        void interruptRequested();
    }

    private static final Pins NO_PINS = new Pins() {
        @Override
        public void nonMaskableInterrupt() {}

        @Override
        public void initialize() {}

        @Override
        public void startUp(int vector) {}

        @Override
        public void interruptRequested() {}
    };

    private final int initialId;
    private final VirtualClock clock;
    private final PicPair pics;
    private final ApicBus bus;
    private final Timer timer;
    private EndOfInterruptListener endOfInterrupt = vector -> {};
    private Pins pins = NO_PINS;

    private long base = DEFAULT_BASE | BASE_ENABLE;
    private int id;
    private int taskPriority;
    private int logicalDestination;
    private int destinationFormat = -1;
    private int spuriousVector = 0xFF;
    private int errorStatus;
    private int pendingErrors;
    private long interruptCommand;
    private final int[] localVectors = {LVT_MASKED, LVT_MASKED, LVT_MASKED, LVT_MASKED, LVT_MASKED, LVT_MASKED};
    private final VectorSet requests = new VectorSet();
    private final VectorSet inService = new VectorSet();
    private final VectorSet levelTriggered = new VectorSet();
    private int timerInitialCount;
    private int timerDivide;
    private long timerStartedCycles;
    private long timestampDeadline;

    /**
     * @param id the APIC ID; the processor with 0 is the one that boots
     * @param pics the pair whose INT is wired to LINT0
     * @param bus leads to the other local APICs, and is told of this one
     */
    public LocalApic(int id, VirtualClock clock, PicPair pics, ApicBus bus) {
        this.id = id;
        this.initialId = id;
        this.clock = clock;
        this.pics = pics;
        this.bus = bus;
        this.timer = clock.timer("apic-" + id, this::timerExpired);
        if (id == 0) {
            base |= BASE_BOOTSTRAP;
        }
        bus.attach(this);
    }

    public void onEndOfInterrupt(EndOfInterruptListener listener) {
        endOfInterrupt = listener;
    }

    public void drive(Pins processor) {
        pins = processor;
    }

    /** What INIT does to the APIC: all is as after power-up, but for its ID and where its registers are (§11.4.7.3). */
    public void initialize() {
        taskPriority = 0;
        logicalDestination = 0;
        destinationFormat = -1;
        spuriousVector = 0xFF;
        errorStatus = 0;
        pendingErrors = 0;
        interruptCommand = 0;
        Arrays.fill(localVectors, LVT_MASKED);
        requests.clear();
        inService.clear();
        levelTriggered.clear();
        timer.disarm();
        timerInitialCount = 0;
        timerDivide = 0;
        timerStartedCycles = 0;
        timestampDeadline = 0;
    }

    /** Virtual wire mode, in which firmware leaves the APIC: enabled, with the 8259As passing through LINT0 (§11.1). */
    public void enterVirtualWireMode() {
        spuriousVector |= SOFTWARE_ENABLE;
        localVectors[LVT_LINT0] = DELIVERY_EXT_INT << DELIVERY_MODE_SHIFT;
        localVectors[LVT_LINT1] = DELIVERY_NMI << DELIVERY_MODE_SHIFT;
    }

    // ---- the processor's side ----

    @Override
    public boolean interruptPending() {
        return deliverableVector() >= 0 || (acceptsExtInt() && pics.requestsService());
    }

    @Override
    public int acknowledge() {
        if (acceptsExtInt() && pics.requestsService()) {
            return pics.acknowledge();
        }
        int vector = deliverableVector();
        if (vector < 0) {
            return spuriousVector & 0xFF;
        }
        requests.remove(vector);
        inService.add(vector);
        return vector;
    }

    @Override
    public int initialId() {
        return initialId;
    }

    @Override
    public int taskPriorityClass() {
        return taskPriority >> 4;
    }

    @Override
    public void taskPriorityClass(int priorityClass) {
        taskPriority = priorityClass << 4;
    }

    @Override
    public long apicBase() {
        return base;
    }

    /** Bits 8, 11 and the address may be written; bit 10, x2APIC mode, is not supported. */
    @Override
    public boolean apicBase(long value) {
        if ((value & ~(BASE_ADDRESS | BASE_BOOTSTRAP | BASE_ENABLE)) != 0) {
            return false;
        }
        base = value;
        return true;
    }

    @Override
    public long timestampDeadline() {
        return timestampDeadline;
    }

    /** A deadline written in another timer mode is ignored (§11.5.4.1). */
    @Override
    public void timestampDeadline(long deadline) {
        if (timerMode() != TIMER_TSC_DEADLINE) {
            return;
        }
        timestampDeadline = deadline;
        if (deadline == 0) {
            timer.disarm();
        } else {
            timer.arm(deadline);
        }
    }

    /** Where the registers stand now, or -1 while the APIC is disabled by IA32_APIC_BASE. */
    public long registersAddress() {
        return hardwareEnabled() ? base & BASE_ADDRESS : -1;
    }

    private boolean hardwareEnabled() {
        return (base & BASE_ENABLE) != 0;
    }

    private boolean softwareEnabled() {
        return hardwareEnabled() && (spuriousVector & SOFTWARE_ENABLE) != 0;
    }

    /** Whether the 8259As' INT reaches the processor: directly while disabled (§11.4.3), else by LINT0 as ExtINT. */
    private boolean acceptsExtInt() {
        int lint0 = localVectors[LVT_LINT0];
        return !hardwareEnabled() || ((lint0 & LVT_MASKED) == 0 && deliveryMode(lint0) == DELIVERY_EXT_INT);
    }

    /** The requested vector that may interrupt now, or -1 (§11.8.3.1). */
    private int deliverableVector() {
        if (!softwareEnabled()) {
            return -1;
        }
        int vector = requests.highest();
        return vector >= 0 && vector >> 4 > processorPriority() >> 4 ? vector : -1;
    }

    private int processorPriority() {
        int servedVector = Math.max(0, inService.highest());
        return taskPriority >> 4 >= servedVector >> 4 ? taskPriority : servedVector & 0xF0;
    }

    /** The 8259As ask for service, whom LINT0 may lead to the processor. */
    public void externalInterruptRequested() {
        if (acceptsExtInt()) pins.interruptRequested();
    }

    // ---- messages from the bus ----

    /** Whether a message to this destination is for this APIC (§11.6.2). */
    public boolean isDestination(int destination, boolean logical) {
        if (!logical) {
            return destination == id || destination == 0xFF;
        }
        int own = logicalDestination >>> 24;
        boolean flatModel = destinationFormat >>> 28 == 0xF;
        return flatModel
                ? (own & destination) != 0
                : own >> 4 == destination >> 4 && (own & destination & 0xF) != 0 || destination == 0xFF;
    }

    /** Priority by which the bus chooses among those that a message of lowest-priority mode may go to. */
    int arbitrationPriority() {
        return softwareEnabled() ? processorPriority() : Integer.MAX_VALUE;
    }

    /**
     * Accepts an interrupt message. NMI, whose vector means nothing, INIT and start-up go past the registers and come through a
     * software disable (§11.4.7.2).
     */
    void accept(int vector, int deliveryMode, boolean level) {
        switch (deliveryMode) {
            case DELIVERY_FIXED, DELIVERY_LOWEST_PRIORITY -> request(vector, level);
            case DELIVERY_NMI -> {
                if (hardwareEnabled()) pins.nonMaskableInterrupt();
            }
            case DELIVERY_INIT -> {
                if (hardwareEnabled()) pins.initialize();
            }
            case DELIVERY_START_UP -> {
                if (hardwareEnabled()) pins.startUp(vector);
            }
            default -> {} // nothing is wired to the pins for the others
        }
    }

    private void request(int vector, boolean level) {
        if (!softwareEnabled()) {
            return;
        }
        if (vector < FIRST_LEGAL_VECTOR) {
            raiseError(ERROR_ILLEGAL_RECEIVE_VECTOR);
            return;
        }
        requests.add(vector);
        levelTriggered.set(vector, level);
        pins.interruptRequested();
    }

    private void raiseError(int error) {
        pendingErrors |= error;
        int row = localVectors[LVT_ERROR];
        if ((row & LVT_MASKED) == 0 && (row & 0xFF) >= FIRST_LEGAL_VECTOR) {
            requests.add(row & 0xFF);
            levelTriggered.set(row & 0xFF, false);
            pins.interruptRequested();
        }
    }

    // ---- registers ----

    /** Reads the 32-bit register at {@code offset}, a multiple of 16; reserved ones read as 0. */
    public int read(int offset) {
        if (offset >= IN_SERVICE && offset < VECTOR_REGISTERS_END) {
            return vectorRegister(offset);
        }
        if (offset >= LOCAL_VECTORS && offset < LOCAL_VECTORS_END) {
            return localVectors[offset - LOCAL_VECTORS >> 4];
        }
        return switch (offset) {
            case ID -> id << 24;
            case VERSION -> VERSION_VALUE;
            case TASK_PRIORITY -> taskPriority;
            case ARBITRATION_PRIORITY, PROCESSOR_PRIORITY -> processorPriority();
            case LOGICAL_DESTINATION -> logicalDestination;
            case DESTINATION_FORMAT -> destinationFormat;
            case SPURIOUS_VECTOR -> spuriousVector;
            case ERROR_STATUS -> errorStatus;
            case COMMAND_LOW -> (int) interruptCommand;
            case COMMAND_HIGH -> (int) (interruptCommand >>> 32);
            case TIMER_INITIAL_COUNT -> timerInitialCount;
            case TIMER_CURRENT_COUNT -> timerCurrentCount();
            case TIMER_DIVIDE -> timerDivide;
            default -> 0;
        };
    }

    public void write(int offset, int value) {
        if (offset >= LOCAL_VECTORS && offset < LOCAL_VECTORS_END) {
            writeLocalVector(offset - LOCAL_VECTORS >> 4, value);
            return;
        }
        switch (offset) {
            case ID -> id = value >>> 24;
            case TASK_PRIORITY -> taskPriority = value & 0xFF;
            case END_OF_INTERRUPT -> endOfInterrupt();
            case LOGICAL_DESTINATION -> logicalDestination = value & 0xFF00_0000;
            case DESTINATION_FORMAT -> destinationFormat = value | 0x0FFF_FFFF;
            case SPURIOUS_VECTOR -> writeSpuriousVector(value & 0x1FF);
            case ERROR_STATUS -> {
                errorStatus = pendingErrors;
                pendingErrors = 0;
            }
            case COMMAND_LOW -> {
                interruptCommand = (interruptCommand & 0xFF00_0000_0000_0000L) | (value & 0xCCFFFL);
                sendInterrupt();
            }
            case COMMAND_HIGH -> interruptCommand = (interruptCommand & 0xFFFF_FFFFL) | (value & 0xFF00_0000L) << 32;
            case TIMER_INITIAL_COUNT -> writeTimerInitialCount(value);
            case TIMER_DIVIDE -> writeTimerDivide(value & 0xB);
            default -> {} // read-only or reserved
        }
    }

    private int vectorRegister(int offset) {
        int word = (offset & 0x70) >> 4;
        if (offset < TRIGGER_MODE) {
            return inService.word(word);
        }
        return offset < REQUESTS ? levelTriggered.word(word) : requests.word(word);
    }

    private void writeLocalVector(int row, int value) {
        boolean deadlineMode = timerMode() == TIMER_TSC_DEADLINE;
        int masked = softwareEnabled() ? 0 : LVT_MASKED; // rows stay masked while software-disabled, §11.4.7.2
        localVectors[row] = (value & LVT_WRITABLE[row]) | masked;
        if (row == LVT_TIMER && deadlineMode != (timerMode() == TIMER_TSC_DEADLINE)) {
            timer.disarm(); // a change to or from TSC-deadline mode disarms, §11.5.4.1
            timestampDeadline = 0;
            timerInitialCount = 0;
        }
    }

    private void writeSpuriousVector(int value) {
        spuriousVector = value;
        if ((value & SOFTWARE_ENABLE) == 0) {
            for (int row = 0; row < LVT_ROWS; row++) {
                localVectors[row] |= LVT_MASKED;
            }
        }
    }

    private void endOfInterrupt() {
        int vector = inService.highest();
        if (vector < 0) {
            return;
        }
        inService.remove(vector);
        if (levelTriggered.contains(vector)) {
            endOfInterrupt.endOfInterrupt(vector);
        }
    }

    /** Sends an interprocessor interrupt; combinations that table 11-3 calls invalid have no effect. */
    private void sendInterrupt() {
        int command = (int) interruptCommand;
        int vector = command & 0xFF;
        int mode = deliveryMode(command);
        int shorthand = command >> 18 & 3;
        boolean ordinary = mode == DELIVERY_FIXED || mode == DELIVERY_LOWEST_PRIORITY;
        if (ordinary && vector < FIRST_LEGAL_VECTOR) {
            raiseError(ERROR_ILLEGAL_SEND_VECTOR);
            return;
        }
        if (mode == DELIVERY_INIT && (command & (TRIGGER_LEVEL | LEVEL_ASSERT)) == TRIGGER_LEVEL) {
            return; // a de-assertion synchronizes arbitration, which processors since the Pentium 4 do without
        }
        boolean logical = (command & 1 << 11) != 0;
        switch (shorthand) {
            case NO_SHORTHAND -> bus.send((int) (interruptCommand >>> 56), logical, vector, mode, false, this);
            case SELF, ALL_INCLUDING_SELF -> {
                if (mode != DELIVERY_FIXED) return;
                accept(vector, mode, false);
                if (shorthand == ALL_INCLUDING_SELF) bus.sendToOthers(vector, mode, this);
            }
            default -> bus.sendToOthers(vector, mode, this);
        }
    }

    private static int deliveryMode(int register) {
        return register >> DELIVERY_MODE_SHIFT & 7;
    }

    // ---- the timer, §11.5.4 ----

    private int timerMode() {
        return localVectors[LVT_TIMER] >> TIMER_MODE_SHIFT & 3;
    }

    /** Cycles for a count of one: bits 3, 1 and 0 of the divide register select 2, 4, ... 128, and last 1. */
    private long timerDivisor() {
        int select = (timerDivide & 8) >> 1 | (timerDivide & 3);
        return 1L << ((select + 1) & 7);
    }

    private void writeTimerInitialCount(int value) {
        if (timerMode() == TIMER_TSC_DEADLINE) {
            return;
        }
        timerInitialCount = value;
        startTimer(clock.cycles());
    }

    /** A new divisor applies from now on, to what is left of the count. */
    private void writeTimerDivide(int value) {
        long left = Integer.toUnsignedLong(timerCurrentCount());
        timerDivide = value;
        if (timerMode() != TIMER_TSC_DEADLINE && timer.isArmed()) {
            timerStartedCycles = clock.cycles() - (Integer.toUnsignedLong(timerInitialCount) - left) * timerDivisor();
            timer.arm(clock.cycles() + left * timerDivisor());
        }
    }

    private void startTimer(long startCycles) {
        timerStartedCycles = startCycles;
        if (timerInitialCount == 0) {
            timer.disarm();
        } else {
            timer.arm(startCycles + timerDuration());
        }
    }

    /** Cycles from the start of the timer until it expires. */
    private long timerDuration() {
        long cycles = Integer.toUnsignedLong(timerInitialCount) * timerDivisor();
        return timerMode() == TIMER_PERIODIC ? Math.max(cycles, clock.toCycles(SHORTEST_PERIOD_NANOS)) : cycles;
    }

    private int timerCurrentCount() {
        if (timerMode() == TIMER_TSC_DEADLINE || !timer.isArmed()) {
            return 0;
        }
        long counted = (clock.cycles() - timerStartedCycles) / timerDivisor();
        return (int) Math.max(0, Integer.toUnsignedLong(timerInitialCount) - counted);
    }

    private void timerExpired() {
        timestampDeadline = 0;
        if (timerMode() == TIMER_PERIODIC) {
            // The next period starts where this one ended, not when it was noticed, so that no time is lost. Periods
            // that
            // passed while the vCPU had no processor give one interrupt together.
            long duration = timerDuration();
            long periods = Math.max(1, (clock.cycles() - timerStartedCycles) / duration);
            startTimer(timerStartedCycles + periods * duration);
        }
        int row = localVectors[LVT_TIMER];
        if ((row & LVT_MASKED) == 0) {
            accept(row & 0xFF, DELIVERY_FIXED, false);
        }
    }

    // ---- state ----

    public LocalApicState save() {
        LocalApicState.Builder state = LocalApicState.newBuilder()
                .setBase(base)
                .setId(id)
                .setTaskPriority(taskPriority)
                .setLogicalDestination(logicalDestination)
                .setDestinationFormat(destinationFormat)
                .setSpuriousVector(spuriousVector)
                .setErrorStatus(errorStatus)
                .setPendingErrors(pendingErrors)
                .setInterruptCommand(interruptCommand)
                .addAllRequests(requests.words())
                .addAllInService(inService.words())
                .addAllLevelTriggered(levelTriggered.words())
                .setTimerInitialCount(timerInitialCount)
                .setTimerDivide(timerDivide)
                .setTimerStartedCycles(timerStartedCycles)
                .setTimestampDeadline(timestampDeadline);
        for (int row : localVectors) {
            state.addLocalVectors(row);
        }
        return state.build();
    }

    public void restore(LocalApicState state) {
        base = state.getBase();
        id = state.getId();
        taskPriority = state.getTaskPriority();
        logicalDestination = state.getLogicalDestination();
        destinationFormat = state.getDestinationFormat();
        spuriousVector = state.getSpuriousVector();
        errorStatus = state.getErrorStatus();
        pendingErrors = state.getPendingErrors();
        interruptCommand = state.getInterruptCommand();
        requests.restore(state.getRequestsList());
        inService.restore(state.getInServiceList());
        levelTriggered.restore(state.getLevelTriggeredList());
        timerInitialCount = state.getTimerInitialCount();
        timerDivide = state.getTimerDivide();
        timerStartedCycles = state.getTimerStartedCycles();
        timestampDeadline = state.getTimestampDeadline();
        for (int row = 0; row < LVT_ROWS; row++) {
            localVectors[row] = state.getLocalVectors(row);
        }
    }
}
