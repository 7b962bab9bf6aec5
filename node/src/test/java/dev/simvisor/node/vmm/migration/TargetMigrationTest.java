package dev.simvisor.node.vmm.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.migration.TargetMigration.Action;
import dev.simvisor.node.vmm.migration.TargetMigration.Event;
import dev.simvisor.node.vmm.migration.TargetMigration.State;
import dev.simvisor.node.vmm.migration.TargetMigration.Step;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class TargetMigrationTest {
    private static final BitSet NONE = pages();

    private static BitSet pages(int... gfns) {
        BitSet pages = new BitSet();
        for (int gfn : gfns) pages.set(gfn);
        return pages;
    }

    @Test
    void equalHashesAreVerifiedAndTheGuestStaysPaused() {
        Step step = TargetMigration.next(new State.Completing("a"), new Event.Restored("a", NONE));

        assertThat(step).isEqualTo(new Step(new State.Verified(NONE), List.of(new Action.ReportVerified("a"))));
    }

    @Test
    void differentHashesAreRefused() {
        Step step = TargetMigration.next(new State.Completing("a"), new Event.Restored("b", NONE));

        assertThat(step.state()).isEqualTo(new State.Refused());
        assertThat(step.actions()).singleElement().isInstanceOf(Action.ReportFailed.class);
    }

    @Test
    void onlyAVerifiedGuestCanBeTakenOver() {
        Event takenOver = new Event.TakenOver(false);

        assertThat(TargetMigration.next(new State.Verified(NONE), takenOver).actions())
                .containsExactly(new Action.AdoptGuest(), new Action.ResumeGuest());
        for (State state : List.of(new State.Receiving(), new State.Completing("a"), new State.Refused())) {
            assertThatThrownBy(() -> TargetMigration.next(state, takenOver)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void guestGoesOnWithoutThePagesThatHaveNotComeByThen() {
        State verified = new State.Verified(pages(1, 2, 3));
        State early =
                TargetMigration.next(verified, new Event.PagesCome(pages(2))).state();

        Step step = TargetMigration.next(early, new Event.TakenOver(false));

        assertThat(step.state()).isEqualTo(new State.Fetching(pages(1, 3)));
        assertThat(step.actions())
                .containsExactly(
                        new Action.AdoptGuest(), new Action.WithholdPages(pages(1, 3)), new Action.ResumeGuest());
        assertThat(TargetMigration.next(early, new Event.TakenOver(true)).actions())
                .doesNotContain(new Action.ResumeGuest());
    }

    @Test
    void pagesThatAllComeBeforeTheDecisionAreNotMissing() {
        State verified = new State.Verified(pages(1));
        State early =
                TargetMigration.next(verified, new Event.PagesCome(pages(1))).state();

        Step step = TargetMigration.next(early, new Event.TakenOver(false));

        assertThat(step)
                .isEqualTo(new Step(
                        new State.Owner(),
                        List.of(new Action.AdoptGuest(), new Action.ReportWhole(), new Action.ResumeGuest())));
    }

    @Test
    void missedPagesAreAskedForAndTheLastOneMakesItWhole() {
        State fetching = new State.Fetching(pages(1, 3));

        assertThat(TargetMigration.next(fetching, new Event.PagesMissed(pages(3), 77)))
                .isEqualTo(new Step(fetching, List.of(new Action.AskFor(pages(3), 77))));
        Step one = TargetMigration.next(fetching, new Event.PagesCome(pages(3)));
        assertThat(one).isEqualTo(new Step(new State.Fetching(pages(1)), List.of(new Action.AdmitPages(pages(3)))));
        assertThat(TargetMigration.next(one.state(), new Event.PagesCome(pages(1))))
                .isEqualTo(new Step(
                        new State.Owner(), List.of(new Action.AdmitPages(pages(1)), new Action.ReportWhole())));
    }

    @Test
    void guestThatLacksPagesIsLostWhenTheyWillNeverCome() {
        State fetching = new State.Fetching(pages(1));

        assertThat(TargetMigration.next(fetching, new Event.Aborted()))
                .isEqualTo(new Step(new State.Discarded(), List.of(new Action.LoseGuest())));
        Step ended = TargetMigration.next(fetching, new Event.GuestEnded());
        assertThat(ended).isEqualTo(new Step(new State.Discarded(), List.of()));
        assertThat(TargetMigration.next(ended.state(), new Event.PagesCome(pages(1)))
                        .actions())
                .isEmpty();
    }

    @Test
    void abortDiscardsInEveryStateButOwner() {
        for (State state : List.of(
                new State.Receiving(), new State.Completing("a"), new State.Verified(NONE), new State.Refused())) {
            Step step = TargetMigration.next(state, new Event.Aborted());

            assertThat(step.state()).isEqualTo(new State.Discarded());
            assertThat(step.actions()).containsExactly(new Action.DiscardGuest());
        }
        assertThatThrownBy(() -> TargetMigration.next(new State.Owner(), new Event.Aborted()))
                .isInstanceOf(IllegalStateException.class);
    }
}
