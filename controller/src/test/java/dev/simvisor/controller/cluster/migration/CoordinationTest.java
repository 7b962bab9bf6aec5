package dev.simvisor.controller.cluster.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.cluster.migration.Coordination.Action;
import dev.simvisor.controller.cluster.migration.Coordination.Event;
import dev.simvisor.controller.cluster.migration.Coordination.Outcome;
import dev.simvisor.controller.cluster.migration.Coordination.State;
import org.junit.jupiter.api.Test;

/** What {@link HandOverModelTest} leaves out: guests that end by themselves. */
class CoordinationTest {
    @Test
    void guestThatEndedBeforeItsHostDiedIsNotLost() {
        Coordination.Step died = Coordination.next(new State.Copying(), new Event.SourceDied());
        Coordination.Step told = Coordination.next(died.state(), new Event.GuestEnded("the VM ended: stopped"));

        assertThat(told.state()).isEqualTo(new State.Ended(Outcome.GUEST_ENDED));
        assertThat(told.actions())
                .containsExactly(
                        new Action.DiscardAtTarget("the VM ended: stopped"),
                        new Action.Finish(Outcome.GUEST_ENDED, "the VM ended: stopped"));
    }
}
