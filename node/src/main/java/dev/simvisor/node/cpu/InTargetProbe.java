package dev.simvisor.node.cpu;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Where a debugger outside the machine has its processors stop, as an in-target probe does on silicon: before instructions,
 * and after accesses to data. The guest sees nothing of it: a run that was stopped and went on leaves the state of one that
 * was not. The debug registers are the guest's own, and another matter.
 *
 * <p>Three things are not quite so. Watches have pages walked for more often, which shows in accessed flags that a guest clears
 * without invalidating the translation. A repeated string instruction is stopped before once more when an event or the end of a run
 * interrupts it. And where a stop is the first instruction of a handler whose gate leaves interrupts enabled, one that is pending is
 * delivered before that instruction rather than after.
 *
 * <p>All addresses are linear ones. An instruction's place within its page is the same in linear and physical addresses, so
 * engines keep what they have decoded by physical address, begin a block wherever in a page a stop {@linkplain #divides
 * may be}, and ask there alone. To be changed between two runs.
 */
public final class InTargetProbe {
    private static final int PAGE = 4096;

    /** Which accesses to data stop the processor. */
    public enum Access {
        READ,
        WRITE,
        READ_OR_WRITE;

        private boolean includes(boolean write) {
            return this == READ_OR_WRITE || (this == WRITE) == write;
        }
    }

    /** Why the processor has stopped. */
    public sealed interface Stop {
        /** The instruction at that address is next. */
        record BeforeInstruction(long linear) implements Stop {}

        /** The last instruction accessed watched data, there or beyond. */
        record AfterAccess(Watch watch) implements Stop {}
    }

    /** Data that is watched: {@code length} bytes from a linear address. */
    public record Watch(long linear, long length, Access access) {
        private boolean meets(long start, long size) {
            return Long.compareUnsigned(start - linear, length) < 0 || Long.compareUnsigned(linear - start, size) < 0;
        }

        private boolean isInPage(long page) {
            long first = linear & -PAGE;
            return Long.compareUnsigned(page - first, (linear + length - 1 & -PAGE) - first) <= 0;
        }
    }

    private final SortedSet<Long> instructions = new TreeSet<>();
    private final List<Watch> watches = new ArrayList<>();
    /** Never shrinks: a debugger that goes on from a stop takes it away, and sets it again an instruction later. */
    private final BitSet divisions = new BitSet(PAGE);

    private final List<Runnable> divisionObservers = new ArrayList<>();
    private final List<Runnable> watchObservers = new ArrayList<>();
    private @Nullable Stop stop;
    private boolean disabled;
    private long resumedAt;
    private long resumedAfter = -1;
    private long executedByOthers;

    // ---- the debugger's side

    /** Has the processor stop whenever the instruction at a linear address is next. */
    public void stopBefore(long linear) {
        instructions.add(linear);
        int offset = (int) linear & PAGE - 1;
        if (divisions.get(offset)) return;
        divisions.set(offset);
        divisionObservers.forEach(Runnable::run);
    }

    /** Takes back {@link #stopBefore}. Returns whether there was such a stop. */
    public boolean passBy(long linear) {
        return instructions.remove(linear);
    }

    /** Has the processor stop after instructions that access the data. */
    public void watch(Watch watch) {
        if (watches.contains(watch)) return;
        watches.add(watch);
        watchObservers.forEach(Runnable::run);
    }

    /** Takes back {@link #watch}. Returns whether the data was watched so. */
    public boolean ignore(Watch watch) {
        return watches.remove(watch);
    }

    /** Takes back all stops and watches. */
    public void clear() {
        instructions.clear();
        watches.clear();
    }

    /** Why the last run ended sooner than it was to. */
    public Optional<Stop> stop() {
        return Optional.ofNullable(stop);
    }

    /**
     * Lets the processors go on.
     *
     * @param linear the instruction that is next, which is not stopped before now
     * @param instructionsExecuted by all processors
     */
    public void resume(long linear, long instructionsExecuted) {
        stop = null;
        resumedAt = linear;
        resumedAfter = instructionsExecuted;
    }

    /** Forgets why the processor has stopped: it was taken elsewhere. */
    public void forgetStop() {
        stop = null;
        resumedAfter = -1;
    }

    /** Has nothing stop the processor, until {@link #enable}. */
    public void disable() {
        disabled = true;
    }

    public void enable() {
        disabled = false;
    }

    // ---- the processor's side

    /** Whether nothing may be executed until the debugger lets the processor go on. */
    public boolean isStopped() {
        return stop != null;
    }

    /** Whether a block has to begin at that offset in a page, so that {@link #stopsBefore} is asked there. */
    public boolean divides(int pageOffset) {
        return divisions.get(pageOffset);
    }

    /** What the processors beside the one that is about to run have executed: theirs does not change meanwhile. */
    public void executedByOthers(long instructionsExecuted) {
        executedByOthers = instructionsExecuted;
    }

    /** Whether the processor, after so many instructions of its own, stops before the one at a linear address; it does so at once. */
    public boolean stopsBefore(long linear, long instructionsExecuted) {
        if (disabled || !instructions.contains(linear)) return false;
        if (linear == resumedAt && instructionsExecuted + executedByOthers == resumedAfter) return false;
        stop = new Stop.BeforeInstruction(linear);
        return true;
    }

    /** Whether accesses to the page must not go past {@link #stopsAfter}. */
    public boolean watchesPageOf(long linear) {
        for (int n = 0; n < watches.size(); n++) {
            if (watches.get(n).isInPage(linear & -PAGE)) return true;
        }
        return false;
    }

    /** Whether the processor stops after the present instruction, because it accesses {@code size} bytes there. */
    public boolean stopsAfter(long linear, int size, boolean write) {
        if (disabled) return false;
        for (int n = 0; n < watches.size(); n++) {
            Watch watch = watches.get(n);
            if (!watch.access.includes(write) || !watch.meets(linear, size)) continue;
            stop = new Stop.AfterAccess(watch);
            return true;
        }
        return false;
    }

    /** The instruction that accessed watched data has not finished. */
    public void forgetAccess() {
        if (stop instanceof Stop.AfterAccess) stop = null;
    }

    /** Calls back when decoded blocks may not begin where they have to any more. */
    public void onDivision(Runnable observer) {
        divisionObservers.add(observer);
    }

    /** Calls back when translations may lead past a watch. */
    public void onWatch(Runnable observer) {
        watchObservers.add(observer);
    }
}
