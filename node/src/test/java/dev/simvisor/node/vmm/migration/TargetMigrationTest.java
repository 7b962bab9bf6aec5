package dev.simvisor.node.vmm.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.migration.TargetMigration.Action;
import dev.simvisor.node.vmm.migration.TargetMigration.Event;
import dev.simvisor.node.vmm.migration.TargetMigration.State;
import dev.simvisor.node.vmm.migration.TargetMigration.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

class TargetMigrationTest {
    @Test
    void equalHashesAreVerifiedAndTheGuestStaysPaused() {
        Step step = TargetMigration.next(new State.Completing("a"), new Event.Restored("a"));

        assertThat(step).isEqualTo(new Step(new State.Verified(), List.of(new Action.ReportVerified("a"))));
    }

    @Test
    void differentHashesAreRefused() {
        Step step = TargetMigration.next(new State.Completing("a"), new Event.Restored("b"));

        assertThat(step.state()).isEqualTo(new State.Refused());
        assertThat(step.actions()).singleElement().isInstanceOf(Action.ReportFailed.class);
    }

    @Test
    void onlyAVerifiedGuestCanBeTakenOver() {
        Event takenOver = new Event.TakenOver(false);

        assertThat(TargetMigration.next(new State.Verified(), takenOver).actions())
                .containsExactly(new Action.AdoptGuest(), new Action.ResumeGuest());
        for (State state : List.of(new State.Receiving(), new State.Completing("a"), new State.Refused())) {
            assertThatThrownBy(() -> TargetMigration.next(state, takenOver)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void abortDiscardsInEveryStateButOwner() {
        for (State state :
                List.of(new State.Receiving(), new State.Completing("a"), new State.Verified(), new State.Refused())) {
            Step step = TargetMigration.next(state, new Event.Aborted());

            assertThat(step.state()).isEqualTo(new State.Discarded());
            assertThat(step.actions()).containsExactly(new Action.DiscardGuest());
        }
        assertThatThrownBy(() -> TargetMigration.next(new State.Owner(), new Event.Aborted()))
                .isInstanceOf(IllegalStateException.class);
    }
}
