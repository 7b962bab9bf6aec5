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

        /** The target has all and verifies it; the VM is paused at the source. */
        record Switching(boolean sourceAlive) implements State {}

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
        /** The guest ended by itself. */
        GUEST_ENDED
    }

    /** What the controller hears. */
    public sealed interface Event {
        /** Both hosts are free. */
        record Begin() implements Event {}

        record TargetReady() implements Event {}

        record TargetRefused(String reason) implements Event {}

        record HandOverArrived() implements Event {}

        record Verified() implements Event {}

        record NotVerified(String reason) implements Event {}

        /** The source says that it cannot go on, and runs the VM. */
        record SourceBroken(String reason) implements Event {}

        record SourceDied() implements Event {}

        record TargetDied() implements Event {}

        record GuestEnded() implements Event {}

        record CancelAsked() implements Event {}

        /** Asked for by {@link Action.WaitForHandOver}. */
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

        /** The new epoch is valid from now on: the target owns the VM and runs it. */
        record Commit() implements Action {}

        /** The source is to destroy its copy. */
        record GiveUpAtSource() implements Action {}

        /** The VM has died with its host. */
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
            case Event.GuestEnded() -> ended(Outcome.GUEST_ENDED, "the guest ended");
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
            case Event.GuestEnded() -> ended(Outcome.GUEST_ENDED, "the guest ended", discard("the guest ended"));
            default -> Step.to(state);
        };
    }

    private static Step copying(State.Copying state, Event event) {
        return switch (event) {
            case Event.HandOverArrived() -> Step.to(new State.Switching(true));
            case Event.SourceDied() -> Step.to(new State.SourceLost(), new Action.WaitForHandOver());
            case Event.SourceBroken(String reason) -> ended(Outcome.FAILED, reason, discard(reason));
            case Event.TargetDied() -> ended(Outcome.FAILED, "the target died", keep("the target died"));
            case Event.CancelAsked() -> ended(Outcome.CANCELLED, "cancelled", keep("cancelled"), discard("cancelled"));
            case Event.GuestEnded() -> ended(Outcome.GUEST_ENDED, "the guest ended", discard("the guest ended"));
            default -> Step.to(state);
        };
    }

    private static Step sourceLost(State.SourceLost state, Event event) {
        return switch (event) {
            case Event.HandOverArrived() -> Step.to(new State.Switching(false));
            case Event.DeadlinePassed() -> vmDied(discard("the source died"));
            case Event.TargetDied() -> vmDied();
            default -> Step.to(state);
        };
    }

    private static Step switching(State.Switching state, Event event) {
        return switch (event) {
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
            case Event.SourceDied() -> Step.to(new State.Switching(false));
            case Event.CancelAsked()
            when state.sourceAlive() -> ended(Outcome.CANCELLED, "cancelled", keep("cancelled"), discard("cancelled"));
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
