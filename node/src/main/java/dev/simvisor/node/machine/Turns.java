package dev.simvisor.node.machine;

import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.state.TurnsState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is: the processors of a virtual machine share the time of one physical processor. Each has its turn until it waits,
 * or for a slice of virtual time if another could run, in the order of their numbers. One that says, by PAUSE or a hypercall, that it
 * waits for another gives the others the rest of its slice: they are what it waits for.
 *
 * <p>Turns depend on virtual time alone, so that how a run is split makes no difference.
 */
public final class Turns<P extends Turns.Participant> {
    /** Whoever has turns. */
    public interface Participant {
        /** Whether there is nothing for it to execute. */
        boolean isIdle();
    }

    private static final long SLICES_PER_SECOND = 10_000;

    private final List<P> processors;
    private final VirtualClock clock;
    private final long sliceCycles;
    private int current;
    private long sliceEnd;
    private boolean yields;

    /** @param processors in the order of their numbers; the first one has its turn */
    public Turns(List<P> processors, VirtualClock clock) {
        this.processors = processors;
        this.clock = clock;
        sliceCycles = Math.max(1, clock.hertz() / SLICES_PER_SECOND);
    }

    /** The one that has its turn, or had it last. */
    public P current() {
        return processors.get(current);
    }

    /** The one that is to run now; null if all are idle. */
    public @Nullable P next() {
        int upcoming = upcoming();
        yields = false;
        if (upcoming != current) {
            current = upcoming;
            sliceEnd = clock.cycles() + sliceCycles;
        }
        return current().isIdle() ? null : current();
    }

    /** Number of the one whose turn it is as things are. */
    public int upcoming() {
        boolean over = clock.cycles() >= sliceEnd || yields;
        int other = nextOther();
        return other >= 0 && (over || current().isIdle()) ? other : current;
    }

    /** When the present turn ends if it does not sooner: never, as long as nobody else could run. */
    public long endCycles() {
        return nextOther() < 0 ? Long.MAX_VALUE : sliceEnd;
    }

    /** The next one in turn that could run in place of the present one, or -1. */
    private int nextOther() {
        int count = processors.size();
        for (int n = 1; n < count; n++) {
            int candidate = (current + n) % count;
            if (!processors.get(candidate).isIdle()) return candidate;
        }
        return -1;
    }

    /** The present one waits for another. Returns whether its turn is over: it is if another could run. */
    public boolean yieldTurn() {
        yields = nextOther() >= 0;
        return yields;
    }

    /** Number of the one that has its turn, or had it last. */
    public int currentNumber() {
        return current;
    }

    /** When its slice is over. */
    public long sliceEndCycles() {
        return sliceEnd;
    }

    /** Whether no processor has anything to execute. */
    public boolean allIdle() {
        for (int n = 0; n < processors.size(); n++) {
            if (!processors.get(n).isIdle()) return false;
        }
        return true;
    }

    TurnsState save() {
        return TurnsState.newBuilder()
                .setCurrent(current)
                .setSliceEndCycles(sliceEnd)
                .setYields(yields)
                .build();
    }

    /** To be called when the clock has been restored. */
    void restore(TurnsState state) {
        current = Math.floorMod(state.getCurrent(), processors.size());
        sliceEnd = Math.min(state.getSliceEndCycles(), clock.cycles() + sliceCycles);
        yields = state.getYields();
    }
}
