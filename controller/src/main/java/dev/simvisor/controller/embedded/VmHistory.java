package dev.simvisor.controller.embedded;

import dev.simvisor.node.cpu.InTargetProbe;
import dev.simvisor.node.cpu.InTargetProbe.Stop;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.RunOutcome;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a VM has been through, so that a debugger can take it back: checkpoints now and then, and what was typed when. To be where
 * it was after so many instructions, it is restored to the checkpoint before and runs again, which does the same as the first
 * time. What it says meanwhile has been said.
 *
 * <p>But for one thing: translations are not kept in a checkpoint, as in no other saved state, so that pages are walked for again,
 * which shows in accessed flags that a guest clears without invalidating the translation.
 */
final class VmHistory {
    /** Instructions between two checkpoints, at first. */
    private static final long FIRST_INTERVAL = 250_000_000;

    private static final int MOST_CHECKPOINTS = 12;
    /** Of pages that checkpoints keep. */
    private static final long MOST_BYTES = Runtime.getRuntime().maxMemory() / 2;

    /** Whoever goes back a step may do so again: another checkpoint is taken so many instructions before where it is then. */
    private static final long NEAR = 1_000_000;

    /** Instructions between two looks at whether the debugger has had enough. */
    private static final long SLICE = 20_000_000;

    /** What was typed at a virtual cycle. */
    private record Typed(long cycles, byte[] bytes) {}

    /** A checkpoint, and where input and outputs were. */
    private record Moment(Checkpoint checkpoint, int replayed, long said, long debugSaid) {
        long instructions() {
            return checkpoint.instructions();
        }
    }

    /** Runs the machine, with what its owner does where the guest asks for something. */
    interface Run {
        /** As {@link Machine#runUntil(long, long)}. */
        RunOutcome until(long cycles, long instructions);
    }

    private final Machine machine;
    private final Run run;
    private final InTargetProbe probe;
    private final ReplayedOutput console;
    private final ReplayedOutput debugConsole;
    private final NavigableMap<Long, Moment> moments = new TreeMap<>();
    /** Shortly before where the VM was taken back to last. */
    private @Nullable Moment near;

    private final List<Typed> typed = new ArrayList<>();
    /** How much of that the guest has been given. */
    private int replayed;

    /** The farthest virtual cycle that the VM has been at. */
    private long frontier;

    private long interval = FIRST_INTERVAL;
    /** After how many instructions the next checkpoint is due. */
    private long nextCheckpoint;

    /** Typed since, but not given to the guest yet. */
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();

    private boolean changed;

    /** Whether the last run ended where another one could have ended, rather than at a debugger's stop. */
    private boolean atBoundary = true;

    VmHistory(Machine machine, Run run, ReplayedOutput console, ReplayedOutput debugConsole) {
        this.machine = machine;
        this.run = run;
        this.console = console;
        this.debugConsole = debugConsole;
        probe = machine.probe();
        remember();
    }

    // ---- on the way

    /** As {@link Machine#runUntil}, with what was typed given to the guest when it was the first time. */
    RunOutcome runUntil(long cycles, long instructions) {
        if (changed) begin();
        if (machine.instructions() >= nextCheckpoint) remember();
        while (true) {
            boolean wasHere = replayed < typed.size() || machine.clock().cycles() < frontier;
            if (atBoundary && !wasHere) giveWaiting();
            long next = replayed < typed.size() ? typed.get(replayed).cycles : Long.MAX_VALUE;
            RunOutcome outcome = run.until(Math.min(cycles, next), instructions);
            atBoundary = !(outcome instanceof RunOutcome.Stopped);
            frontier = Math.max(frontier, machine.clock().cycles());
            boolean due = atBoundary && machine.clock().cycles() >= next;
            if (due) machine.type(typed.get(replayed++).bytes);
            boolean over = machine.clock().cycles() >= cycles || machine.instructions() >= instructions;
            if (!due || over) return outcome;
        }
    }

    /** Something is typed: for the guest once it is where nobody has been before. */
    void type(byte[] bytes) {
        waiting.writeBytes(bytes);
    }

    /** Bytes that the guest has not been given yet, but for those that it was given the first time. */
    int unread() {
        return waiting.size();
    }

    /** Whether the guest will be given something that was typed before. */
    boolean isInputDue() {
        return replayed < typed.size() || waiting.size() > 0;
    }

    private void giveWaiting() {
        if (waiting.size() == 0) return;
        typed.add(new Typed(machine.clock().cycles(), waiting.toByteArray()));
        waiting.reset();
        machine.type(typed.get(replayed++).bytes);
    }

    /** One more checkpoint, if there is room for it. Without any there is no way back. */
    private void remember() {
        near = null;
        Moment moment = present();
        if (moment == null) interval *= 2;
        else moments.put(moment.instructions(), moment);
        if (moments.size() > MOST_CHECKPOINTS) thinOut();
        nextCheckpoint = machine.instructions() + interval;
    }

    /** Null if there is no room for it. */
    private @Nullable Moment present() {
        Map.Entry<Long, Moment> before = moments.floorEntry(machine.instructions());
        Checkpoint checkpoint = Checkpoint.of(
                machine, before == null ? null : before.getValue().checkpoint, MOST_BYTES - retainedBytes());
        return checkpoint == null ? null : new Moment(checkpoint, replayed, console.said(), debugConsole.said());
    }

    private long retainedBytes() {
        Set<byte[]> pages = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Moment moment : moments.values()) moment.checkpoint.addPagesTo(pages);
        return (long) pages.size() * Checkpoint.PAGE;
    }

    /** Every other one goes, but not the first. */
    private void thinOut() {
        boolean goes = false;
        for (Long instructions : List.copyOf(moments.keySet())) {
            if (goes) moments.remove(instructions);
            goes = !goes;
        }
        interval *= 2;
    }

    /** A debugger has changed the VM, so that it begins anew, from here. */
    void changed() {
        changed = true;
    }

    private void begin() {
        changed = false;
        moments.clear();
        typed.clear();
        replayed = 0;
        frontier = machine.clock().cycles();
        interval = FIRST_INTERVAL;
        console.forgetFuture();
        debugConsole.forgetFuture();
        remember();
    }

    // ---- back

    /** How far back the VM can be taken, in instructions executed. */
    long beginning() {
        if (changed) begin();
        return moments.isEmpty() ? machine.instructions() : moments.firstKey();
    }

    /**
     * Takes the VM to where it had executed so many instructions, but no farther than to its {@link #beginning}, which it is past.
     *
     * @param place in instructions executed
     * @param interrupted whether the debugger has had enough; the VM is wherever it is then
     */
    void goBack(long place, BooleanSupplier interrupted) {
        long instructions = Math.max(place, beginning());
        Moment from = latestBefore(instructions);
        restore(from);
        probe.disable();
        if (instructions - from.instructions() > 2 * NEAR) {
            replay(instructions - NEAR, interrupted);
            near = null;
            near = present();
        }
        replay(instructions, interrupted);
        probe.enable();
    }

    private Moment latestBefore(long instructions) {
        Moment moment = moments.floorEntry(instructions).getValue();
        Moment other = near;
        boolean nearer =
                other != null && other.instructions() <= instructions && other.instructions() > moment.instructions();
        return nearer ? Objects.requireNonNull(other) : moment;
    }

    /**
     * Takes the VM to the last place before this one where it would have stopped, before the instruction that made it; to the
     * beginning if there is none.
     *
     * @return why it stopped there; nothing at the beginning, or when it was interrupted on the way
     */
    Optional<Stop> goBackToStop(BooleanSupplier interrupted) {
        long now = machine.instructions();
        if (now <= beginning()) return Optional.empty();
        long end = now;
        for (Moment start :
                List.copyOf(moments.headMap(now, false).descendingMap().values())) {
            restore(start);
            Passed last = lastStop(now, end, interrupted);
            if (interrupted.getAsBoolean()) return Optional.empty();
            if (last != null) {
                goBack(last.instructions, interrupted);
                if (interrupted.getAsBoolean()) return Optional.empty();
                // An interrupt that was delivered on the way to it does not count as an instruction.
                if (last.stop instanceof Stop.BeforeInstruction(long linear) && linear != instructionPointer()) {
                    runUntil(Long.MAX_VALUE, last.instructions + 1);
                }
                return Optional.of(last.stop);
            }
            end = start.instructions();
        }
        goBack(beginning(), interrupted);
        return Optional.empty();
    }

    /** A stop on the way, and where the VM is just before what made it. */
    private record Passed(Stop stop, long instructions) {}

    /** The last stop on the way from here to {@code end} that begins before {@code now}. */
    private @Nullable Passed lastStop(long now, long end, BooleanSupplier interrupted) {
        Passed last = null;
        while (!interrupted.getAsBoolean()) {
            RunOutcome outcome = runUntil(Long.MAX_VALUE, Math.min(end, machine.instructions() + SLICE));
            if (outcome instanceof RunOutcome.Stopped) {
                Stop stop = probe.stop().orElseThrow();
                long place = machine.instructions() - (stop instanceof Stop.AfterAccess ? 1 : 0);
                if (place < now) last = new Passed(stop, place);
                // An instruction that is stopped before is passed once; one after an access may be stopped before, too.
                if (stop instanceof Stop.BeforeInstruction) resume();
                else probe.forgetStop();
            }
            if (machine.instructions() >= end || isEnd(outcome)) return last;
        }
        return last;
    }

    private static boolean isEnd(RunOutcome outcome) {
        return switch (outcome) {
            case RunOutcome.DeadlineReached _, RunOutcome.Stopped _, RunOutcome.Suspended _, RunOutcome.PageMissed _ ->
                false;
            // Without a deadline: for ever.
            case RunOutcome.Idle _,
                    RunOutcome.PoweredOff _,
                    RunOutcome.ResetRequested _,
                    RunOutcome.TripleFault _,
                    RunOutcome.DebugExit _,
                    RunOutcome.Crashed _ -> true;
        };
    }

    private void replay(long instructions, BooleanSupplier interrupted) {
        boolean ended = false;
        while (machine.instructions() < instructions && !ended && !interrupted.getAsBoolean()) {
            ended = isEnd(runUntil(Long.MAX_VALUE, Math.min(instructions, machine.instructions() + SLICE)));
        }
    }

    private void restore(Moment moment) {
        moment.checkpoint.restore(machine);
        replayed = moment.replayed;
        console.goBack(moment.said);
        debugConsole.goBack(moment.debugSaid);
        atBoundary = true;
        probe.forgetStop();
    }

    private void resume() {
        probe.resume(instructionPointer(), machine.instructions());
    }

    /** Of the processor that executes next. */
    private long instructionPointer() {
        return machine.cpus().get(machine.upcomingProcessor()).linearInstructionPointer();
    }
}
