package dev.simvisor.node.vmm.migration;

import java.util.List;

/** The target's side of a migration: lets the VM run only when it is whole and the controller says so. */
public final class TargetMigration {
    /** Where the target is. */
    public sealed interface State {
        /** Memory is reserved; pages may be arriving. */
        record Receiving() implements State {}

        /** The source says that all has been sent; the rest of it is awaited, then restored. */
        record Completing(String sourceHash) implements State {}

        /** The VM is whole, and paused; it belongs to the source until the controller decides. */
        record Verified() implements State {}

        /** What arrived is not the VM; waits to be told to forget it. */
        record Refused() implements State {}

        /** The VM belongs to this host. */
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

        /** Answer to {@link Action.Restore}. */
        record Restored(String stateHash) implements Event {}

        /** Answer to {@link Action.Restore}. */
        record RestoreFailed(String reason) implements Event {}

        /** The controller has made this host the owner. */
        record TakenOver(boolean paused) implements Event {}

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
            return state instanceof State.Discarded
                    ? Step.to(state)
                    : Step.to(new State.Discarded(), new Action.DiscardGuest());
        }
        return switch (state) {
            case State.Receiving()
            when event instanceof Event.HandOverArrived(String hash) ->
                Step.to(new State.Completing(hash), new Action.AwaitStream());
            case State.Completing completing -> completing(completing, event);
            case State.Verified()
            when event instanceof Event.TakenOver(boolean paused) ->
                paused
                        ? Step.to(new State.Owner(), new Action.AdoptGuest())
                        : Step.to(new State.Owner(), new Action.AdoptGuest(), new Action.ResumeGuest());
            case State.Discarded() -> Step.to(state); // what was on its way when it was told to forget
            default -> throw new IllegalStateException(event + " in state " + state);
        };
    }

    private static Step completing(State.Completing state, Event event) {
        return switch (event) {
            case Event.StreamFinished() -> Step.to(state, new Action.Restore());
            case Event.Restored(String hash)
            when hash.equals(state.sourceHash()) -> Step.to(new State.Verified(), new Action.ReportVerified(hash));
            case Event.Restored(String hash) -> refused(hash, "the VM's hash differs from the source's");
            case Event.StreamBroken(String reason) -> refused("", reason);
            case Event.RestoreFailed(String reason) -> refused("", reason);
            default -> throw new IllegalStateException(event + " in state " + state);
        };
    }

    private static Step refused(String hash, String reason) {
        return Step.to(new State.Refused(), new Action.ReportFailed(hash, reason));
    }
}
