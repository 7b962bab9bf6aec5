package dev.simvisor.controller.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.config.Action;
import dev.simvisor.config.Experiment;
import dev.simvisor.config.GuestCatalogue;
import dev.simvisor.config.Topology;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VmDefinition;
import dev.simvisor.config.VmType;
import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.controller.progress.Progress;
import dev.simvisor.node.vmm.ToyMachines;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentRunTest {
    private static final VirtualDuration END = VirtualDuration.parse("2s");

    @TempDir
    private Path guests;

    private final Watcher watcher = new Watcher();

    @Test
    void showsHowFarVirtualTimeHasCome() throws Exception {
        run(Long.MAX_VALUE);

        assertThat(watcher.begun).containsExactly("virtual time of " + END.nanos() + " VIRTUAL_NANOS");
        assertThat(watcher.reached).isSorted().endsWith(END.nanos());
        assertThat(watcher.ended).isEqualTo(1);
    }

    @Test
    void showsNothingMoreOnceItHasFailed() {
        assertThatThrownBy(() -> run(1)).isInstanceOf(ExperimentFailed.class).hasMessageContaining("no room");

        assertThat(watcher.reached).doesNotContain(END.nanos());
        assertThat(watcher.ended).isEqualTo(1);
    }

    private void run(long hostBytes) throws Exception {
        VmDefinition toy =
                new VmDefinition("toy", Objects.requireNonNull(VmType.load().get("builtin")));
        Experiment experiment = new Experiment(
                Topology.shipped("two-hosts"),
                List.of(toy),
                List.of(new Action.Create(VirtualDuration.ZERO, toy, Optional.empty()), new Action.End(END)));
        try (EmbeddedCluster cluster = EmbeddedCluster.start(
                List.of("node"),
                FitPlacement.FIRST_FIT,
                spec -> new ToyMachines(Math.min(hostBytes, spec.getMemoryBytes())),
                0)) {
            new ExperimentRun(experiment, cluster.control(), new GuestCache(GuestCatalogue.load(), guests))
                    .run(watcher);
        }
    }

    /** Notes all it is told. */
    private static final class Watcher implements Progress {
        private final List<String> begun = new ArrayList<>();
        private final List<Long> reached = new ArrayList<>();
        private int ended;

        @Override
        public Step begin(String task, OptionalLong total, Unit unit) {
            begun.add(task + " of " + total.getAsLong() + " " + unit);
            return new Step() {
                @Override
                public void at(long done) {
                    reached.add(done);
                }

                @Override
                public void close() {
                    ended++;
                }
            };
        }
    }
}
