package dev.simvisor.controller.cluster.migration;

import java.util.Arrays;
import java.util.List;

/** Decides, for one migration, who owns the VM. See the package for the diagram and the table. */
public final class Coordination {
    /** Where the migration is, as far as the controller has heard. */
    public sealed interface State {
        /** One of the hosts is busy with another migration. */
        record Queued() implements State {}

        /** The target has been asked to reserve what the VM needs. */
        record Preparing() implements State {}

        /** The source sends. */
        record Copying() implements State {}

        /** The source is dead; a hand-over that it sent before would arrive by the deadline. */
        record SourceLost() implements State {}

        /**
         * The target verifies what it has; the VM is paused at the source.
         *
         * @param whole whether it has all; if not, pages follow that only the source can send
         */
        record Switching(boolean sourceAlive, boolean whole) implements State {}

        /** The VM is the target's and may run, but pages of it are still on their way from the source. */
        record Fetching() implements State {}

        /** As Fetching, but the source is dead; pages that it sent before, and the word that they were the last, come by the deadline. */
        record Orphaned() implements State {}

        /** Over. */
        record Ended(Outcome outcome) implements State {}
    }

    /** How a migration ended. */
    public enum Outcome {
        /** The target owns the VM. */
        COMMITTED,
        /** Somebody asked for it; the VM is at the source. */
        CANCELLED,
        /** It could not be done; the VM is at the source. */
        FAILED,
        /** The VM died with its host. */
        VM_LOST,
        /** The guest ended by itself, or was stopped. */
        GUEST_ENDED
    }

    /** What the controller hears. */
    public sealed interface Event {
        /** Both hosts are free. */
        record Begin() implements Event {}

        record TargetReady() implements Event {}

        record TargetRefused(String reason) implements Event {}

        /** {@code whole}: all of the VM has been sent. */
        record HandOverArrived(boolean whole) implements Event {}

        record Verified() implements Event {}

        record NotVerified(String reason) implements Event {}

        /** The target has the last pages of the VM that it runs. */
        record Whole() implements Event {}

        /** The source says that it cannot go on, and runs the VM. */
        record SourceBroken(String reason) implements Event {}

        record SourceDied() implements Event {}

        record TargetDied() implements Event {}

        /** The guest switched itself off, crashed or was stopped, as {@code reason} says. */
        record GuestEnded(String reason) implements Event {}

        record CancelAsked() implements Event {}

        /** Asked for by {@link Action.WaitForHandOver} or {@link Action.WaitForLastPages}. */
        record DeadlinePassed() implements Event {}
    }

    /** What the controller does, in the order given. */
    public sealed interface Action {
        /** Ask the target to reserve what the VM needs. */
        record PrepareTarget() implements Action {}

        record StartSource() implements Action {}

        /** The source is to go on with the VM. */
        record KeepAtSource(String reason) implements Action {}

        /** The target is to forget what it has. */
        record DiscardAtTarget(String reason) implements Action {}

        /** Answer with {@link Event.DeadlinePassed} one path latency from now. */
        record WaitForHandOver() implements Action {}

        /** Answer with {@link Event.DeadlinePassed} when all has come that had been sent by now, and the target's word of it. */
        record WaitForLastPages() implements Action {}

        /** The new epoch is valid from now on: the target owns the VM and runs it. */
        record Commit() implements Action {}

        /** The source is to destroy its copy. */
        record GiveUpAtSource() implements Action {}

        /** The VM has died with its host, or without pages of it. */
        record LoseVm(String reason) implements Action {}

        /** The last action: the report is complete. */
        record Finish(Outcome outcome, String reason) implements Action {}
    }

    /** A new state and what to do. */
    public record Step(State state, List<Action> actions) {
        static Step to(State state, Action... actions) {
            return new Step(state, List.of(actions));
        }
    }

    private Coordination() {}

    /** The transition function. Events that were on their way when the migration ended, or that say nothing new, change nothing. */
    public static Step next(State state, Event event) {
        return switch (state) {
            case State.Queued queued -> queued(queued, event);
            case State.Preparing preparing -> preparing(preparing, event);
            case State.Copying copying -> copying(copying, event);
            case State.SourceLost lost -> sourceLost(lost, event);
            case State.Switching switching -> switching(switching, event);
            case State.Fetching fetching -> fetching(fetching, event);
            case State.Orphaned orphaned -> orphaned(orphaned, event);
            case State.Ended ended -> Step.to(ended);
        };
    }

    private static Step queued(State.Queued state, Event event) {
        return switch (event) {
            case Event.Begin() -> Step.to(new State.Preparing(), new Action.PrepareTarget());
            case Event.TargetRefused(String reason) -> ended(Outcome.FAILED, reason);
            case Event.TargetDied() -> ended(Outcome.FAILED, "the target died");
            case Event.SourceDied() -> vmDied();
            case Event.CancelAsked() -> ended(Outcome.CANCELLED, "cancelled");
            case Event.GuestEnded(String reason) -> ended(Outcome.GUEST_ENDED, reason);
            default -> Step.to(state);
        };
    }

    private static Step preparing(State.Preparing state, Event event) {
        return switch (event) {
            case Event.TargetReady() -> Step.to(new State.Copying(), new Action.StartSource());
            case Event.TargetRefused(String reason) -> ended(Outcome.FAILED, reason);
            case Event.TargetDied() -> ended(Outcome.FAILED, "the target died");
            case Event.CancelAsked() -> ended(Outcome.CANCELLED, "cancelled", discard("cancelled"));
            case Event.SourceDied() -> vmDied(discard("the source died"));
            case Event.GuestEnded(String reason) -> ended(Outcome.GUEST_ENDED, reason, discard(reason));
            default -> Step.to(state);
        };
    }

    private static Step copying(State.Copying state, Event event) {
        return switch (event) {
            case Event.HandOverArrived(boolean whole) -> Step.to(new State.Switching(true, whole));
            case Event.SourceDied() -> Step.to(new State.SourceLost(), new Action.WaitForHandOver());
            case Event.SourceBroken(String reason) -> ended(Outcome.FAILED, reason, discard(reason));
            case Event.TargetDied() -> ended(Outcome.FAILED, "the target died", keep("the target died"));
            case Event.CancelAsked() -> ended(Outcome.CANCELLED, "cancelled", keep("cancelled"), discard("cancelled"));
            case Event.GuestEnded(String reason) -> ended(Outcome.GUEST_ENDED, reason, discard(reason));
            default -> Step.to(state);
        };
    }

    private static Step sourceLost(State.SourceLost state, Event event) {
        return switch (event) {
            case Event.HandOverArrived(boolean whole) ->
                whole ? Step.to(new State.Switching(false, true)) : vmDied(discard("the source died"));
            case Event.DeadlinePassed() -> vmDied(discard("the source died"));
            case Event.TargetDied() -> vmDied();
            case Event.GuestEnded(String reason) -> ended(Outcome.GUEST_ENDED, reason, discard(reason));
            default -> Step.to(state);
        };
    }

    private static Step switching(State.Switching state, Event event) {
        return switch (event) {
            case Event.Verified() when !state.whole() -> Step.to(new State.Fetching(), new Action.Commit());
            case Event.Verified() ->
                state.sourceAlive()
                        ? ended(Outcome.COMMITTED, "", new Action.Commit(), new Action.GiveUpAtSource())
                        : ended(Outcome.COMMITTED, "", new Action.Commit());
            case Event.NotVerified(String reason) ->
                state.sourceAlive()
                        ? ended(Outcome.FAILED, reason, keep(reason), discard(reason))
                        : vmDied(discard(reason));
            case Event.TargetDied() ->
                state.sourceAlive() ? ended(Outcome.FAILED, "the target died", keep("the target died")) : vmDied();
            case Event.SourceDied() ->
                state.whole() ? Step.to(new State.Switching(false, true)) : vmDied(discard("the source died"));
            case Event.CancelAsked()
            when state.sourceAlive() -> ended(Outcome.CANCELLED, "cancelled", keep("cancelled"), discard("cancelled"));
            default -> Step.to(state);
        };
    }

    private static Step fetching(State.Fetching state, Event event) {
        return switch (event) {
            case Event.Whole() -> ended(Outcome.COMMITTED, "", new Action.GiveUpAtSource());
            case Event.SourceDied() -> Step.to(new State.Orphaned(), new Action.WaitForLastPages());
            case Event.TargetDied() ->
                ended(
                        Outcome.VM_LOST,
                        "the target died",
                        new Action.GiveUpAtSource(),
                        new Action.LoseVm("its host died"));
            case Event.GuestEnded(String reason) -> ended(Outcome.GUEST_ENDED, reason, new Action.GiveUpAtSource());
            default -> Step.to(state); // it cannot be cancelled: neither side alone has all of the VM
        };
    }

    private static Step orphaned(State.Orphaned state, Event event) {
        return switch (event) {
            case Event.Whole() -> ended(Outcome.COMMITTED, "");
            case Event.DeadlinePassed() ->
                ended(
                        Outcome.VM_LOST,
                        "the source died before all pages had come",
                        discard("pages are missing"),
                        new Action.LoseVm("pages of it were lost with the host that it was being migrated from"));
            case Event.TargetDied() -> ended(Outcome.VM_LOST, "both hosts died", new Action.LoseVm("its host died"));
            case Event.GuestEnded(String reason) -> ended(Outcome.GUEST_ENDED, reason);
            default -> Step.to(state);
        };
    }

    private static Action keep(String reason) {
        return new Action.KeepAtSource(reason);
    }

    private static Action discard(String reason) {
        return new Action.DiscardAtTarget(reason);
    }

    private static Step vmDied(Action... before) {
        Action[] actions = Arrays.copyOf(before, before.length + 1);
        actions[before.length] = new Action.LoseVm("its host died");
        return ended(Outcome.VM_LOST, "the source died", actions);
    }

    private static Step ended(Outcome outcome, String reason, Action... before) {
        Action[] actions = Arrays.copyOf(before, before.length + 1);
        actions[before.length] = new Action.Finish(outcome, reason);
        return Step.to(new State.Ended(outcome), actions);
    }
}
