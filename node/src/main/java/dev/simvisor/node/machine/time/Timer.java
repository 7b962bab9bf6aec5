package dev.simvisor.node.machine.time;

/**
 * One event that a device may schedule on the {@link VirtualClock}. A timer is armed for one due time at a most; arming it
 * again moves it. It disarms itself before its action runs, so the action may arm it anew.
 */
public final class Timer {
    /** Due time of a timer that is not armed, later than any other. */
    public static final long NEVER = Long.MAX_VALUE;

    private final VirtualClock clock;
    private final String name;
    private final Runnable action;
    private long dueCycles = NEVER;
    private long firedCycles = NEVER;
    private long sequence;

    Timer(VirtualClock clock, String name, Runnable action) {
        this.clock = clock;
        this.name = name;
        this.action = action;
    }

    public String name() {
        return name;
    }

    /** Schedules the action for when the clock reaches {@code dueCycles}; a time in the past is due at once. */
    public void arm(long dueCycles) {
        this.dueCycles = dueCycles;
        this.sequence = clock.nextSequence();
        clock.armed(this);
    }

    public void disarm() {
        dueCycles = NEVER;
    }

    public boolean isArmed() {
        return dueCycles != NEVER;
    }

    /** When it is due, in virtual cycles, or {@link #NEVER}. */
    public long dueCycles() {
        return dueCycles;
    }

    /** For its action, while that runs: when it was due. The clock may have been moved past that. */
    public long firedCycles() {
        return firedCycles;
    }

    long sequence() {
        return sequence;
    }

    void restore(long dueCycles, long sequence) {
        this.dueCycles = dueCycles;
        this.sequence = sequence;
    }

    void fire() {
        firedCycles = dueCycles;
        dueCycles = NEVER;
        action.run();
    }

    /** Whether this is delivered before {@code other}: due earlier, or armed earlier when due at once. */
    boolean precedes(Timer other) {
        return dueCycles != other.dueCycles ? dueCycles < other.dueCycles : sequence < other.sequence;
    }
}
