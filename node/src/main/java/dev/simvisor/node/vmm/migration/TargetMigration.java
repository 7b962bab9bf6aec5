package dev.simvisor.node.vmm.migration;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** The target's side of a migration: lets the VM run only when it is whole and the controller says so. */
public final class TargetMigration {
    /** Where the target is. */
    public sealed interface State {
        /** Memory is reserved; pages may be arriving. */
        record Receiving() implements State {}

        /** The source says that all has been sent; the rest of it is awaited, then restored. */
        record Completing(String sourceHash) implements State {}

        /**
         * The VM is as it was at the source, and paused; it belongs to the source until the controller decides.
         *
         * @param withheld pages that follow after the hand-over
         * @param come those of them that have come
         */
        record Verified(BitSet withheld, BitSet come) implements State {
            Verified(BitSet withheld) {
                this(withheld, new BitSet());
            }
        }

        /** What arrived is not the VM; waits to be told to forget it. */
        record Refused() implements State {}

        /** The VM belongs to this host and may run, but these pages have yet to come. */
        record Fetching(BitSet missing) implements State {}

        /** The VM belongs to this host and is whole. */
        record Owner() implements State {}

        /** Nothing is left of it here. */
        record Discarded() implements State {}
    }

    /** What happens to the target. */
    public sealed interface Event {
        /** At the virtual time at which the last byte arrives. */
        record HandOverArrived(String stateHash) implements Event {}

        /** Answer to {@link Action.AwaitStream}: the source's last chunk has been applied. */
        record StreamFinished() implements Event {}

        /** Answer to {@link Action.AwaitStream}: the last chunk will never come. */
        record StreamBroken(String reason) implements Event {}

        /** Answer to {@link Action.Restore}. {@code withheld}: pages that follow after the hand-over. */
        record Restored(String stateHash, BitSet withheld) implements Event {}

        /** Answer to {@link Action.Restore}. */
        record RestoreFailed(String reason) implements Event {}

        /** The controller has made this host the owner. */
        record TakenOver(boolean paused) implements Event {}

        /** Pages that follow after the hand-over have come. */
        record PagesCome(BitSet gfns) implements Event {}

        /** The guest has come to wait for pages, at that virtual time. */
        record PagesMissed(BitSet gfns, long nanos) implements Event {}

        /** The guest switched itself off, crashed or was stopped. */
        record GuestEnded() implements Event {}

        /** The controller says that the VM stays where it was, or is lost. */
        record Aborted() implements Event {}
    }

    /** What is to be done, in the order given. */
    public sealed interface Action {
        /** Wait, in real time, for the end of the stream; virtual time stands. */
        record AwaitStream() implements Action {}

        /** Load the device state and compute the hash of the whole VM. */
        record Restore() implements Action {}

        record ReportVerified(String stateHash) implements Action {}

        record ReportFailed(String stateHash, String reason) implements Action {}

        record ResumeGuest() implements Action {}

        /** The VM becomes an ordinary one of this host. */
        record AdoptGuest() implements Action {}

        record DiscardGuest() implements Action {}

        /** The VM is to run without these pages. */
        record WithholdPages(BitSet gfns) implements Action {}

        /** Ask the source to send these pages first. */
        record AskFor(BitSet gfns, long nanos) implements Action {}

        /** Let the guest have these pages, and go on if it waited for them. */
        record AdmitPages(BitSet gfns) implements Action {}

        /** Tell the controller that the VM has all of its pages. */
        record ReportWhole() implements Action {}

        /** End the VM, which lacks pages that will never come. */
        record LoseGuest() implements Action {}
    }

    /** A new state and what to do. */
    public record Step(State state, List<Action> actions) {
        static Step to(State state, Action... actions) {
            return new Step(state, List.of(actions));
        }
    }

    private TargetMigration() {}

    /**
     * The transition function.
     *
     * @throws IllegalStateException for an event that the state cannot meet: a bug in who drives it
     */
    public static Step next(State state, Event event) {
        if (event instanceof Event.Aborted && !(state instanceof State.Owner)) {
            return switch (state) {
                case State.Discarded() -> Step.to(state);
                case State.Fetching(BitSet missing) -> Step.to(new State.Discarded(), new Action.LoseGuest());
                default -> Step.to(new State.Discarded(), new Action.DiscardGuest());
            };
        }
        return switch (state) {
            case State.Receiving()
            when event instanceof Event.HandOverArrived(String hash) ->
                Step.to(new State.Completing(hash), new Action.AwaitStream());
            case State.Completing completing -> completing(completing, event);
            case State.Verified verified -> verified(verified, event);
            case State.Fetching(BitSet missing) -> fetching(missing, event);
            case State.Refused() when event instanceof Event.PagesCome -> Step.to(state);
            case State.Discarded() -> Step.to(state); // what was on its way when it was told to forget
            default -> throw new IllegalStateException(event + " in state " + state);
        };
    }

    private static Step completing(State.Completing state, Event event) {
        return switch (event) {
            case Event.StreamFinished() -> Step.to(state, new Action.Restore());
            case Event.Restored(String hash, BitSet withheld)
            when hash.equals(state.sourceHash()) ->
                Step.to(new State.Verified(withheld), new Action.ReportVerified(hash));
            case Event.Restored(String hash, BitSet withheld) ->
                refused(hash, "the VM's hash differs from the source's");
            case Event.StreamBroken(String reason) -> refused("", reason);
            case Event.RestoreFailed(String reason) -> refused("", reason);
            default -> throw new IllegalStateException(event + " in state " + state);
        };
    }

    private static Step verified(State.Verified state, Event event) {
        return switch (event) {
            case Event.PagesCome(BitSet gfns) -> {
                BitSet come = (BitSet) state.come().clone();
                come.or(gfns);
                yield Step.to(new State.Verified(state.withheld(), come));
            }
            case Event.TakenOver(boolean paused) -> takenOver(state, paused);
            default -> throw new IllegalStateException(event + " in state " + state);
        };
    }

    private static Step takenOver(State.Verified state, boolean paused) {
        BitSet missing = (BitSet) state.withheld().clone();
        missing.andNot(state.come());
        List<Action> actions = new ArrayList<>();
        actions.add(new Action.AdoptGuest());
        if (!missing.isEmpty()) {
            actions.add(new Action.WithholdPages(missing));
        } else if (!state.withheld().isEmpty()) {
            actions.add(new Action.ReportWhole());
        }
        if (!paused) {
            actions.add(new Action.ResumeGuest());
        }
        return new Step(missing.isEmpty() ? new State.Owner() : new State.Fetching(missing), List.copyOf(actions));
    }

    private static Step fetching(BitSet missing, Event event) {
        return switch (event) {
            case Event.PagesMissed(BitSet gfns, long nanos) ->
                Step.to(new State.Fetching(missing), new Action.AskFor(gfns, nanos));
            case Event.PagesCome(BitSet gfns) -> {
                BitSet left = (BitSet) missing.clone();
                left.andNot(gfns);
                yield left.isEmpty()
                        ? Step.to(new State.Owner(), new Action.AdmitPages(gfns), new Action.ReportWhole())
                        : Step.to(new State.Fetching(left), new Action.AdmitPages(gfns));
            }
            case Event.GuestEnded() -> Step.to(new State.Discarded());
            default -> throw new IllegalStateException(event + " in state " + new State.Fetching(missing));
        };
    }

    private static Step refused(String hash, String reason) {
        return Step.to(new State.Refused(), new Action.ReportFailed(hash, reason));
    }
}
