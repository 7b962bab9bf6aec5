package dev.simvisor.node.vmm.migration;

import dev.simvisor.proto.api.RoundReport;
import java.util.BitSet;
import java.util.List;

/** The source's side of a migration: decides what to send when, and when to pause. See the package for the diagram. */
public final class SourceMigration {
    /** Bit sets within states are never changed once the state is made. */
    public sealed interface State {
        /** The target is ready; nothing has been sent. */
        record Ready(MigrationPlan plan) implements State {}

        /**
         * A round is on its way while the guest runs.
         *
         * @param carried pages left for a later round
         * @param cursor gfn after the last one sent: the next round goes on there, round the memory
         * @param sent what the round sends; nothing until it has been read
         * @param throttle in force during the round
         */
        record Copying(
                MigrationPlan plan,
                int round,
                BitSet carried,
                int cursor,
                long beganNanos,
                Sent sent,
                Throttle throttle)
                implements State {
            Copying sending(Sent known) {
                return new Copying(plan, round, carried, cursor, beganNanos, known, throttle);
            }
        }

        /**
         * The rounds are over; the guest runs on until it can be saved.
         *
         * @param remaining pages to be sent then, with those that it still writes to
         */
        record Suspending(MigrationPlan plan, Cause cause, int round, BitSet remaining) implements State {}

        /**
         * The guest is paused and the last round is on its way.
         *
         * @param rest what is to follow after the hand-over
         */
        record Switching(
                MigrationPlan plan, Cause cause, int round, long pausedNanos, Push rest, Sent sent, String stateHash)
                implements State {
            Switching sending(Sent known, String hash) {
                return new Switching(plan, cause, round, pausedNanos, rest, known, hash);
            }
        }

        /**
         * Handed over without all pages, which follow; the controller decides who owns the VM.
         *
         * @param burst on its way
         */
        record Pushing(MigrationPlan plan, Push rest, Push.Burst burst) implements State {}

        /** The target will have all; the controller decides who owns the VM. */
        record HandedOver(MigrationPlan plan) implements State {}

        /** Over, for this side. */
        record Ended(Outcome outcome) implements State {}
    }

    /** How it ended for the source. */
    public enum Outcome {
        /** The VM is the target's. */
        GIVEN_UP,
        /** The VM has stayed here. */
        KEPT,
        /** The guest ended before it could be handed over. */
        GUEST_ENDED
    }

    /** Why the rounds ended. */
    public enum Cause {
        /** What remains can be sent within the downtime limit. */
        CONVERGED("converged"),
        /** It does not converge, and the rounds are used up. */
        MAX_ROUNDS("max-rounds"),
        /** There were to be no rounds. */
        STOP_AND_COPY("stop-and-copy"),
        /** There were to be none: the pages follow. */
        POST_COPY("post-copy");

        private final String label;

        Cause(String label) {
            this.label = label;
        }

        /** In the words of the report. */
        public String label() {
            return label;
        }
    }

    /** What a round sends; {@code bytes} are those on the wire. */
    public record Sent(SentPages pages, long bytes) {
        static final Sent NOTHING = new Sent(SentPages.NONE, 0);
    }

    /** What happens to the source. */
    public sealed interface Event {
        /** The stream to the target is open. {@code pages}: all there are. */
        record Begin(long nanos, BitSet pages) implements Event {}

        /** Answer to {@link Action.SendPages}: they have been read and given to the stream. */
        record PagesSent(long nanos, SentPages pages) implements Event {}

        /** Answer to {@link Action.WithholdPages}. {@code zeros}: which of them hold nothing but zeros. */
        record PagesWithheld(BitSet zeros) implements Event {}

        /** Answer to {@link Action.SendState}: bytes of device state, and the hash of the whole paused VM. */
        record StateSent(long nanos, long bytes, String stateHash) implements Event {}

        /** The time asked for by {@link Action.WakeAt} in a round. {@code dirtied}: written since the last call. */
        record RoundOver(long nanos, BitSet dirtied) implements Event {}

        /**
         * Answer to {@link Action.SuspendGuest}: it is paused, and can be saved as it is. {@code dirtied}: written since the last
         * round.
         */
        record Suspended(long nanos, BitSet dirtied) implements Event {}

        /** Answer to {@link Action.SuspendGuest}: it does not take part, and runs on. */
        record NotSuspended(String reason) implements Event {}

        /** The time asked for by {@link Action.WakeAt} in the last round. */
        record FinalCopyOver(long nanos) implements Event {}

        /** The time asked for by {@link Action.WakeAt} after the hand-over: the burst has left. */
        record BurstOver(long nanos) implements Event {}

        /** The guest at the target waits for pages. */
        record PagesWanted(BitSet gfns) implements Event {}

        /** Nothing reaches the target any more. */
        record StreamLost(String reason) implements Event {}

        /** The guest switched itself off, crashed or was stopped. */
        record GuestEnded() implements Event {}

        /** The controller says that the VM stays. */
        record Aborted() implements Event {}

        /** The controller says that the VM is the target's. */
        record GivenUp() implements Event {}
    }

    /** What is to be done, in the order given. */
    public sealed interface Action {
        record StartDirtyLog() implements Action {}

        record StopDirtyLog() implements Action {}

        /** Read these pages as they are now and give them to the stream; answer with {@link Event.PagesSent}. */
        record SendPages(BitSet gfns) implements Action {}

        /**
         * Give these pages to the stream, though their time comes after the hand-over: they do not change any more. Answer with
         * {@link Event.PagesWithheld}.
         */
        record WithholdPages(BitSet gfns) implements Action {}

        /**
         * Give device state to the stream as the last of all; answer with {@link Event.StateSent}.
         *
         * @param withheld pages that the guest at the target is not to have yet
         */
        record SendState(BitSet withheld) implements Action {}

        /**
         * Answer with {@link Event.RoundOver}, or {@link Event.FinalCopyOver} while the guest is paused, or {@link Event.BurstOver}
         * after the hand-over, at that time.
         */
        record WakeAt(long nanos) implements Action {}

        /** Let its vCPUs have no processor for so much of the time, from now on; 0 is as before the migration. */
        record Throttle(int percent) implements Action {}

        /** Pause it where it can be saved; answer with {@link Event.Suspended} or {@link Event.NotSuspended}, perhaps much later. */
        record SuspendGuest() implements Action {}

        /** Have it go on as before, or end the wait for its suspension. */
        record ResumeGuest() implements Action {}

        record DestroyGuest() implements Action {}

        record ReportRound(RoundReport round) implements Action {}

        /** Tell the target, through the controller, that it has all, but for pages that follow. */
        record HandOver(Cause cause, long pausedNanos, long finalCopyNanos, String stateHash, int missingPages)
                implements Action {}

        /** Tell the target that these pages have come. */
        record DeliverPages(BitSet gfns, SentPages sent, boolean demanded) implements Action {}

        /** Tell the controller that the migration cannot go on and the VM stays. */
        record ReportBroken(String reason) implements Action {}

        record CloseStream() implements Action {}
    }

    /** A new state and what to do. */
    public record Step(State state, List<Action> actions) {
        static Step to(State state, Action... actions) {
            return new Step(state, List.of(actions));
        }
    }

    private SourceMigration() {}

    /**
     * The transition function.
     *
     * @throws IllegalStateException for an event that the state cannot meet: a bug in who drives it
     */
    public static Step next(State state, Event event) {
        return switch (state) {
            case State.Ready ready -> ready(ready, event);
            case State.Copying copying -> copying(copying, event);
            case State.Suspending suspending -> suspending(suspending, event);
            case State.Switching switching -> switching(switching, event);
            case State.Pushing pushing -> pushing(pushing, event);
            case State.HandedOver handedOver -> handedOver(handedOver, event);
            case State.Ended ended -> Step.to(ended); // what was on its way when it ended
        };
    }

    private static Step ready(State.Ready state, Event event) {
        return switch (event) {
            case Event.Begin(long nanos, BitSet pages) -> {
                MigrationPlan plan = state.plan();
                if (plan.postCopy()) {
                    yield switchOver(plan, Cause.POST_COPY, 1, pages);
                }
                yield pages.cardinality() <= plan.switchOverPages()
                        ? switchOver(plan, plan.stopAndCopy() ? Cause.STOP_AND_COPY : Cause.CONVERGED, 1, pages)
                        : prepend(new Action.StartDirtyLog(), round(plan, 1, 0, nanos, pages, Throttle.NONE));
            }
            case Event.StreamLost(String reason) -> broken(reason);
            case Event.GuestEnded() -> guestEnded();
            case Event.Aborted() -> Step.to(new State.Ended(Outcome.KEPT), new Action.CloseStream());
            default -> throw unexpected(state, event);
        };
    }

    private static Step copying(State.Copying state, Event event) {
        return switch (event) {
            case Event.PagesSent sent -> roundSent(state, sent);
            case Event.RoundOver over -> roundOver(state, over);
            case Event.StreamLost(String reason) ->
                released(state.throttle(), prepend(new Action.StopDirtyLog(), broken(reason)));
            case Event.GuestEnded() -> guestEnded();
            case Event.Aborted() ->
                released(
                        state.throttle(),
                        Step.to(new State.Ended(Outcome.KEPT), new Action.StopDirtyLog(), new Action.CloseStream()));
            default -> throw unexpected(state, event);
        };
    }

    /** Starts a round over all of {@code remaining} but what may wait for the switch-over. */
    private static Step round(
            MigrationPlan plan, int number, int cursor, long nanos, BitSet remaining, Throttle throttle) {
        BitSet chosen = new BitSet();
        BitSet carried = (BitSet) remaining.clone();
        int gfn = cursor;
        for (int left = plan.roundPages(remaining.cardinality()); left > 0; left--) {
            gfn = carried.nextSetBit(gfn);
            if (gfn < 0) {
                gfn = carried.nextSetBit(0);
            }
            carried.clear(gfn);
            chosen.set(gfn);
        }
        State next = new State.Copying(plan, number, carried, gfn + 1, nanos, Sent.NOTHING, throttle);
        return Step.to(next, new Action.SendPages(chosen));
    }

    private static Step roundSent(State.Copying state, Event.PagesSent sent) {
        return Step.to(
                state.sending(new Sent(sent.pages(), sent.pages().wireBytes())),
                new Action.WakeAt(state.beganNanos() + state.plan().roundNanos(sent.pages())));
    }

    private static Step roundOver(State.Copying state, Event.RoundOver over) {
        MigrationPlan plan = state.plan();
        BitSet remaining = (BitSet) over.dirtied().clone();
        remaining.or(state.carried());
        RoundReport report = report(
                        plan,
                        state.round(),
                        state.sent(),
                        state.carried().cardinality(),
                        over.nanos() - state.beganNanos())
                .setPagesDirtied(over.dirtied().cardinality())
                .setPagesRemaining(remaining.cardinality())
                .setThrottlePercent(state.throttle().percent())
                .build();
        Step following;
        if (remaining.cardinality() <= plan.switchOverPages()) {
            following = released(state.throttle(), switchOver(plan, Cause.CONVERGED, state.round() + 1, remaining));
        } else if (state.round() >= plan.maxRounds()) {
            following = released(state.throttle(), switchOver(plan, Cause.MAX_ROUNDS, state.round() + 1, remaining));
        } else {
            following = nextRound(state, over, remaining);
        }
        return prepend(new Action.ReportRound(report), following);
    }

    private static Step nextRound(State.Copying state, Event.RoundOver over, BitSet remaining) {
        MigrationPlan plan = state.plan();
        Throttle before = state.throttle();
        Throttle throttle = plan.autoConverge()
                ? before.after(state.sent().bytes(), over.dirtied().cardinality())
                : before;
        Step round = round(plan, state.round() + 1, state.cursor(), over.nanos(), remaining, throttle);
        return throttle.percent() == before.percent() ? round : prepend(new Action.Throttle(throttle.percent()), round);
    }

    /** The rounds are over, whatever comes: a guest that has been held back is so no longer. */
    private static Step released(Throttle throttle, Step step) {
        return throttle.isInForce() ? prepend(new Action.Throttle(0), step) : step;
    }

    private static Step switchOver(MigrationPlan plan, Cause cause, int round, BitSet remaining) {
        return Step.to(new State.Suspending(plan, cause, round, remaining), new Action.SuspendGuest());
    }

    private static Step suspending(State.Suspending state, Event event) {
        return switch (event) {
            case Event.Suspended(long nanos, BitSet dirtied) -> {
                BitSet last = (BitSet) state.remaining().clone();
                last.or(dirtied);
                boolean follows = state.plan().leavesRest() && state.cause() != Cause.CONVERGED;
                Push rest = follows ? Push.of(last, new BitSet()) : Push.NOTHING;
                yield Step.to(
                        new State.Switching(state.plan(), state.cause(), state.round(), nanos, rest, Sent.NOTHING, ""),
                        new Action.StopDirtyLog(),
                        follows ? new Action.WithholdPages(last) : new Action.SendPages(last));
            }
            case Event.NotSuspended(String reason) -> prepend(new Action.StopDirtyLog(), broken(reason));
            case Event.GuestEnded() -> guestEnded();
            case Event.Aborted() -> prepend(new Action.StopDirtyLog(), keptAfterPause());
            default -> throw unexpected(state, event);
        };
    }

    private static Step switching(State.Switching state, Event event) {
        MigrationPlan plan = state.plan();
        return switch (event) {
            case Event.PagesSent(long nanos, SentPages pages) ->
                Step.to(
                        state.sending(new Sent(pages, pages.wireBytes()), ""),
                        new Action.SendState(state.rest().remaining()));
            case Event.PagesWithheld(BitSet zeros) -> {
                BitSet withheld = state.rest().remaining();
                yield Step.to(
                        new State.Switching(
                                plan,
                                state.cause(),
                                state.round(),
                                state.pausedNanos(),
                                Push.of(withheld, zeros),
                                Sent.NOTHING,
                                ""),
                        new Action.SendState(withheld));
            }
            case Event.StateSent(long nanos, long bytes, String hash) -> {
                Sent sent = new Sent(state.sent().pages(), state.sent().bytes() + bytes);
                long overNanos = state.pausedNanos() + plan.lastRoundNanos(sent.pages(), sent.bytes());
                yield Step.to(state.sending(sent, hash), new Action.WakeAt(overNanos));
            }
            case Event.FinalCopyOver(long nanos) -> handOver(state, nanos);
            case Event.StreamLost(String reason) -> prepend(new Action.ResumeGuest(), broken(reason));
            case Event.Aborted() -> keptAfterPause();
            default -> throw unexpected(state, event);
        };
    }

    private static Step handOver(State.Switching state, long nanos) {
        long copyNanos = nanos - state.pausedNanos();
        int missing = state.rest().remaining().cardinality();
        Action.ReportRound lastRound =
                new Action.ReportRound(report(state.plan(), state.round(), state.sent(), missing, copyNanos)
                        .setPagesRemaining(missing)
                        .build());
        Action.HandOver handOver =
                new Action.HandOver(state.cause(), state.pausedNanos(), copyNanos, state.stateHash(), missing);
        return prepend(lastRound, prepend(handOver, push(state.plan(), state.rest(), nanos)));
    }

    /** Sends a burst of what remains, if anything does. */
    private static Step push(MigrationPlan plan, Push rest, long nanos) {
        if (rest.isOver()) {
            return Step.to(new State.HandedOver(plan));
        }
        Push.Burst burst = rest.next(plan.pushBytes());
        return Step.to(
                new State.Pushing(plan, rest.without(burst), burst), new Action.WakeAt(nanos + burst.nanos(plan)));
    }

    private static Step pushing(State.Pushing state, Event event) {
        return switch (event) {
            case Event.BurstOver(long nanos) -> {
                Push.Burst burst = state.burst();
                yield prepend(
                        new Action.DeliverPages(burst.gfns(), burst.sent(), burst.demanded()),
                        push(state.plan(), state.rest(), nanos));
            }
            case Event.PagesWanted(BitSet gfns) ->
                Step.to(new State.Pushing(state.plan(), state.rest().wanting(gfns), state.burst()));
            default -> handedOver(state, event);
        };
    }

    private static Step handedOver(State state, Event event) {
        return switch (event) {
            case Event.GivenUp() ->
                Step.to(new State.Ended(Outcome.GIVEN_UP), new Action.CloseStream(), new Action.DestroyGuest());
            case Event.Aborted() -> keptAfterPause();
            case Event.StreamLost(String reason) -> Step.to(state);
            case Event.PagesWanted(BitSet gfns) -> Step.to(state); // they are on their way
            default -> throw unexpected(state, event);
        };
    }

    private static Step keptAfterPause() {
        return Step.to(new State.Ended(Outcome.KEPT), new Action.ResumeGuest(), new Action.CloseStream());
    }

    private static Step broken(String reason) {
        return Step.to(new State.Ended(Outcome.KEPT), new Action.ReportBroken(reason), new Action.CloseStream());
    }

    private static Step guestEnded() {
        // The VM's own report tells the controller.
        return Step.to(new State.Ended(Outcome.GUEST_ENDED), new Action.CloseStream());
    }

    /** @param left pages that it was not to send yet */
    private static RoundReport.Builder report(MigrationPlan plan, int number, Sent sent, int left, long durationNanos) {
        RoundReport.Builder report = RoundReport.newBuilder()
                .setNumber(number)
                .setPagesToSend(sent.pages().full()
                        + sent.pages().zeros()
                        + sent.pages().deltas()
                        + left)
                .setPages(sent.pages().full())
                .setZeroPages(sent.pages().zeros())
                .setDeltaPages(sent.pages().deltas())
                .setDeltaSavedBytes(sent.pages().savedBytes())
                .setDeltaCacheMisses(sent.pages().forgotten())
                .setBytes(sent.bytes())
                .setDurationNanos(durationNanos)
                .setCodingNanos(plan.coding().nanos(sent.pages()));
        if (plan.coding().zstd()) {
            report.setCompression(sent.pages().compression().report());
        }
        return report;
    }

    private static Step prepend(Action first, Step step) {
        Action[] actions = new Action[step.actions().size() + 1];
        actions[0] = first;
        for (int i = 1; i < actions.length; i++) {
            actions[i] = step.actions().get(i - 1);
        }
        return Step.to(step.state(), actions);
    }

    private static IllegalStateException unexpected(State state, Event event) {
        return new IllegalStateException(event + " in state " + state);
    }
}
