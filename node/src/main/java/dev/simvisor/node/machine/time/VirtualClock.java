package dev.simvisor.node.machine.time;

import dev.simvisor.node.cpu.TimestampCounter;
import dev.simvisor.proto.state.ClockState;
import dev.simvisor.proto.state.TimerState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The clock of one VM and the events due on it.
 *
 * <p>Virtual cycles = instructions executed x cycles per instruction, rounded down, + cycles charged or skipped. The
 * instruction count is asked for at each reading, so a device that is accessed in the midst of a run sees the exact time. All
 * arithmetic is on integers, and events due at the same cycle are delivered in the order in which they were armed.
 */
public final class VirtualClock implements TimestampCounter {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long MAX_HERTZ = 8_000_000_000L;
    private static final int INSTRUCTIONS = 1000;

    /** An instruction takes a cycle. */
    public static final int CYCLE_PER_INSTRUCTION = INSTRUCTIONS;

    /** No run is planned for longer, so that products do not overflow; 24 days at 4 GHz. */
    private static final long LONGEST_RUN_CYCLES = Long.MAX_VALUE / INSTRUCTIONS - INSTRUCTIONS;

    private final long hertz;
    private final int cyclesPerThousandInstructions;
    private final LongSupplier instructions;
    private final List<Timer> timers = new ArrayList<>();
    private long offsetCycles;
    private long chargedCycles;
    private long nextSequence;
    private Runnable onEarlierEvent = () -> {};
    private long announcedDueCycles = Timer.NEVER;

    /**
     * @param hertz virtual cycles per virtual second, at most 8 GHz
     * @param cyclesPerThousandInstructions cost of instructions that are charged nothing else, from 1
     * @param instructions instructions the processor has executed so far
     */
    public VirtualClock(long hertz, int cyclesPerThousandInstructions, LongSupplier instructions) {
        if (hertz <= 0 || hertz > MAX_HERTZ) {
            throw new IllegalArgumentException("clock rate " + hertz + " Hz: expected 1 to " + MAX_HERTZ);
        }
        if (cyclesPerThousandInstructions < 1) {
            throw new IllegalArgumentException(
                    "cycles per thousand instructions " + cyclesPerThousandInstructions + ": expected at least 1");
        }
        this.hertz = hertz;
        this.cyclesPerThousandInstructions = cyclesPerThousandInstructions;
        this.instructions = instructions;
    }

    public long hertz() {
        return hertz;
    }

    // ---- reading ----

    /** Virtual cycles since the VM was made, at the instruction now executing. */
    @Override
    public long cycles() {
        return offsetCycles + executedCycles(instructions.getAsLong());
    }

    /** Exact for every count whose product fits: 9 x 10^15 thousandths of a cycle. */
    private long executedCycles(long count) {
        return count * cyclesPerThousandInstructions / INSTRUCTIONS;
    }

    /** Virtual cycles in which the processor was at work: those that were not skipped. Counted anew after {@link #restore}. */
    public long busyCycles() {
        return executedCycles(instructions.getAsLong()) + chargedCycles;
    }

    /** Virtual nanoseconds since the VM was made. */
    public long nanos() {
        return toNanos(cycles());
    }

    /** Nanoseconds that {@code cycles} take, rounded down. */
    public long toNanos(long cycles) {
        return scale(cycles, NANOS_PER_SECOND, hertz);
    }

    /** The least number of cycles that take at least {@code nanos}. */
    public long toCycles(long nanos) {
        return scaleUp(nanos, hertz, NANOS_PER_SECOND);
    }

    /** Periods of a clock of {@code rate} Hz that have passed after {@code cycles}, rounded down. */
    public long toTicks(long cycles, long rate) {
        return scale(cycles, rate, hertz);
    }

    /** The first cycle at which {@code ticks} periods of a clock of {@code rate} Hz have passed. */
    public long ticksToCycles(long ticks, long rate) {
        return scaleUp(ticks, hertz, rate);
    }

    /** floor(value x numerator / denominator) without overflow, for rates up to 8 GHz. */
    private static long scale(long value, long numerator, long denominator) {
        long whole = Math.floorDiv(value, denominator);
        long rest = Math.floorMod(value, denominator);
        return whole * numerator + Long.divideUnsigned(rest * numerator, denominator);
    }

    private static long scaleUp(long value, long numerator, long denominator) {
        long whole = Math.floorDiv(value, denominator);
        long product = Math.floorMod(value, denominator) * numerator;
        long quotient = Long.divideUnsigned(product, denominator);
        return whole * numerator + quotient + (quotient * denominator == product ? 0 : 1);
    }

    // ---- moving ----

    /** Instructions after which the clock has reached {@code dueCycles}; 0 when it has already. */
    public long instructionsUntil(long dueCycles) {
        long count = instructions.getAsLong();
        long remaining = dueCycles - offsetCycles - executedCycles(count);
        if (remaining <= 0) {
            return 0;
        }
        long begun = count * cyclesPerThousandInstructions % INSTRUCTIONS;
        long missing = Math.min(remaining, LONGEST_RUN_CYCLES) * INSTRUCTIONS - begun;
        return Math.ceilDiv(missing, (long) cyclesPerThousandInstructions);
    }

    /** Lets time pass in which the processor is at work on something other than the guest's instructions: an event's cost. */
    public void charge(long cycles) {
        assert cycles >= 0 : "time does not run backwards";
        offsetCycles += cycles;
        chargedCycles += cycles;
    }

    /** Stands where another VM's clock stands, whose instruction count is the same, and has been as busy; nothing is due on it. */
    public void goOnFrom(VirtualClock before) {
        offsetCycles = before.offsetCycles;
        chargedCycles = before.chargedCycles;
        nextSequence = before.nextSequence;
        timers.forEach(Timer::disarm);
    }

    /** Moves the clock of a VM that is idle, or has no processor, to {@code targetCycles}, unless it is there already. */
    public void skipTo(long targetCycles) {
        offsetCycles += Math.max(0, targetCycles - cycles());
    }

    // ---- events ----

    /** A new timer, not armed. Names are unique within a VM: saved state finds its timer by name. */
    public Timer timer(String name, Runnable action) {
        if (timers.stream().anyMatch(timer -> timer.name().equals(name))) {
            throw new IllegalArgumentException("a second timer named " + name);
        }
        Timer timer = new Timer(this, name, action);
        timers.add(timer);
        return timer;
    }

    /** When the next event is due, in virtual cycles, or {@link Timer#NEVER}. */
    public long nextDueCycles() {
        Timer next = nextTimer();
        return next == null ? Timer.NEVER : next.dueCycles();
    }

    /** Runs the actions of all events that are due by now, also those that such actions arm. */
    public void deliverDueEvents() {
        long now = cycles();
        Timer next = nextTimer();
        while (next != null && next.dueCycles() <= now) {
            next.fire();
            next = nextTimer();
        }
    }

    /**
     * Asks to be told, once for each time, when a timer is armed to be due before {@code dueCycles}: whoever runs the
     * processor until then must stop it sooner.
     */
    public void announceEventsBefore(long dueCycles, Runnable onEarlierEvent) {
        this.announcedDueCycles = dueCycles;
        this.onEarlierEvent = onEarlierEvent;
    }

    void armed(Timer timer) {
        if (timer.dueCycles() < announcedDueCycles) {
            announcedDueCycles = timer.dueCycles();
            onEarlierEvent.run();
        }
    }

    long nextSequence() {
        return nextSequence++;
    }

    private @Nullable Timer nextTimer() {
        Timer next = null;
        // A VM has about ten timers: looking at all is quicker than keeping a heap in order.
        for (int i = 0; i < timers.size(); i++) {
            Timer timer = timers.get(i);
            if (timer.isArmed() && (next == null || timer.precedes(next))) {
                next = timer;
            }
        }
        return next;
    }

    // ---- state ----

    public ClockState save() {
        ClockState.Builder state = ClockState.newBuilder().setCycles(cycles()).setNextSequence(nextSequence);
        for (Timer timer : timers) {
            if (timer.isArmed()) {
                state.addArmedTimers(TimerState.newBuilder()
                        .setName(timer.name())
                        .setDueCycles(timer.dueCycles())
                        .setSequence(timer.sequence()));
            }
        }
        return state.build();
    }

    /**
     * Restores time and armed timers; the processor's instruction count must have been restored before. The cycles that an
     * instruction takes are no part of the state: they are the host's.
     */
    public void restore(ClockState state) {
        offsetCycles = 0;
        offsetCycles = state.getCycles() - cycles();
        nextSequence = state.getNextSequence();
        timers.forEach(Timer::disarm);
        for (TimerState armed : state.getArmedTimersList()) {
            timerNamed(armed.getName()).restore(armed.getDueCycles(), armed.getSequence());
        }
    }

    private Timer timerNamed(String name) {
        for (Timer timer : timers) {
            if (timer.name().equals(name)) {
                return timer;
            }
        }
        throw new IllegalArgumentException("saved state has a timer \"" + name + "\" that this machine lacks");
    }
}
