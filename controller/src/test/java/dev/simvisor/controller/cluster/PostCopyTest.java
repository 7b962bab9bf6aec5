package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest of 8 MiB, half of which it has written, moves over a path of 80 MiB/s before its pages do. */
class PostCopyTest {
    private static final long ASKED = 100 * MILLI;
    private static final int PAGES = 2048;
    private static final int ZERO_PAGES = PAGES / 2;

    private static MigrationParameters parameters(MigrationAlgorithm algorithm) {
        return MigrationParameters.newBuilder()
                .setAlgorithm(algorithm)
                .setDowntimeLimitNanos(5 * MILLI)
                .build();
    }

    private static MigrateRequest request(MigrationAlgorithm algorithm) {
        return MigrateRequest.newBuilder()
                .setVm("a")
                .setTarget("h2")
                .setParameters(parameters(algorithm))
                .build();
    }

    private static GuestMigration.Outcome migrate(MigrationAlgorithm algorithm, long maxWindow, String... nodes)
            throws Exception {
        return new GuestMigration(ToyCluster.vm("a", "h1"), parameters(algorithm), ASKED, SECOND)
                .runAmongToys(maxWindow, nodes);
    }

    @ParameterizedTest
    @EnumSource(
            value = MigrationAlgorithm.class,
            names = {"POST_COPY", "HYBRID"})
    void everyPageComesOnceAndTheGuestRunsMeanwhile(MigrationAlgorithm algorithm) throws Exception {
        MigrationReport report = migrate(algorithm, 0, "n1").report();
        PostCopyReport postCopy = report.getPostCopy();

        assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(report.getSourceStateHash())
                .isEqualTo(report.getTargetStateHash())
                .isNotEmpty();
        assertThat(postCopy.getPushedPages() + postCopy.getDemandedPages()).isEqualTo(postCopy.getMissingPages());
        assertThat(report.getTotalBytes())
                .isEqualTo(postCopy.getBytes()
                        + report.getRoundsList().stream()
                                .mapToLong(round -> round.getBytes())
                                .sum());
        assertThat(report.getEndedNanos()).isGreaterThan(ASKED + report.getTotalNanos() - 1);
    }

    @Test
    void downtimeIsThatOfTheStateAndTheRestOfTheTimeThatOfThePages() throws Exception {
        MigrationReport report = migrate(MigrationAlgorithm.POST_COPY, 0, "n1").report();
        PostCopyReport postCopy = report.getPostCopy();

        assertThat(report.getSwitchOverCause()).isEqualTo("post-copy");
        assertThat(report.getRoundsList()).singleElement().returns((long) PAGES, round -> round.getPagesRemaining());
        assertThat(postCopy.getMissingPages()).isEqualTo(PAGES);
        assertThat(postCopy.getZeroPages()).isEqualTo(ZERO_PAGES);
        // Two latencies, and a window for the decision to reach the target
        assertThat(report.getDowntimeNanos()).isBetween(2 * MILLI, 3 * MILLI);
        long pathNanos = postCopy.getBytes() * SECOND / (80L << 20);
        assertThat(report.getTotalNanos() - report.getSetupNanos()).isBetween(pathNanos, pathNanos + 3 * MILLI);
    }

    @Test
    void guestWaitsForAPageAsLongAsTheWayToTheSourceAndBackTakes() throws Exception {
        PostCopyReport postCopy =
                migrate(MigrationAlgorithm.POST_COPY, 0, "n1").report().getPostCopy();

        assertThat(postCopy.getStalls()).isPositive();
        assertThat(postCopy.getDemandedPages()).isPositive().isLessThanOrEqualTo(postCopy.getStalls());
        assertThat(postCopy.getLongestStallNanos()).isBetween(2 * MILLI, 3 * MILLI);
        assertThat(postCopy.getStallNanos())
                .isBetween(postCopy.getDemandedPages() * 2 * MILLI, postCopy.getStalls() * 3 * MILLI);
    }

    @Test
    void hybridLeavesFewerPagesAndStallsLess() throws Exception {
        MigrationReport hybrid = migrate(MigrationAlgorithm.HYBRID, 0, "n1").report();
        PostCopyReport alone =
                migrate(MigrationAlgorithm.POST_COPY, 0, "n1").report().getPostCopy();

        assertThat(hybrid.getSwitchOverCause()).isEqualTo("max-rounds");
        assertThat(hybrid.getRoundsCount()).isEqualTo(2);
        assertThat(hybrid.getPostCopy().getMissingPages())
                .isEqualTo(hybrid.getRounds(0).getPagesRemaining())
                .isLessThan(alone.getMissingPages() / 2);
        assertThat(hybrid.getPostCopy().getStallNanos()).isLessThan(alone.getStallNanos());
    }

    @ParameterizedTest
    @EnumSource(
            value = MigrationAlgorithm.class,
            names = {"POST_COPY", "HYBRID"})
    void resultsDependNeitherOnTheWindowNorOnTheNumberOfNodes(MigrationAlgorithm algorithm) throws Exception {
        GuestMigration.Outcome first = migrate(algorithm, 0, "n1");

        for (long window : new long[] {0, 333_333}) {
            assertThat(migrate(algorithm, window, "n1", "n2")).isEqualTo(first);
        }
    }

    // ---- while pages are missing

    /** What has become of the VM and the migration at the end, and the memory reserved on h1 and h2. */
    private record End(Vm vm, MigrationReport report, List<Long> reserved) {}

    /** A moment at which the VM runs at h2, and most of its pages are at h1. */
    private static final long FETCHING = ASKED + 20 * MILLI;

    /** Something that is done with a cluster, which holds at the time given. */
    private interface Act {
        void on(ClusterControl cluster) throws Exception;
    }

    private static End actAt(long nanos, Act act) throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1", "n2")) {
            ClusterControl cluster = toys.control();
            cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
            CompletableFuture<MigrationReport> accepted =
                    cluster.at(ASKED).migrate(request(MigrationAlgorithm.POST_COPY));
            CompletableFuture<Void> held = cluster.at(nanos).hold();
            get(cluster.start());
            get(held);
            act.on(cluster);
            CompletableFuture<Void> over = cluster.at(SECOND).hold();
            get(cluster.start());
            get(over);
            return new End(
                    get(cluster.vms()).getFirst(),
                    get(cluster.migrationEnd(get(accepted).getNumber())),
                    get(cluster.hosts()).stream()
                            .map(host -> host.getMemoryReservedBytes())
                            .toList());
        }
    }

    @Test
    void deathOfTheSourceLosesTheVmForWantOfPages() throws Exception {
        End end = actAt(FETCHING, cluster -> {
            assertThat(get(cluster.vms()).getFirst().getHost()).isEqualTo("h2");
            assertThat(get(cluster.migrations()).getFirst().getState()).isEqualTo(MigrationState.MIGRATION_FETCHING);
            cluster.failHost("h1");
        });

        assertThat(end.vm().getState()).isEqualTo(VmState.VM_LOST);
        assertThat(end.vm().getReason()).contains("pages");
        assertThat(end.report().getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
        assertThat(end.report().getReason()).isEqualTo("the source died before all pages had come");
        assertThat(end.reserved()).containsOnly(0L);
    }

    @Test
    void deathOfTheTargetTakesItsVm() throws Exception {
        End end = actAt(FETCHING, cluster -> cluster.failHost("h2"));

        assertThat(end.vm().getState()).isEqualTo(VmState.VM_LOST);
        assertThat(end.report().getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
        assertThat(end.reserved()).containsOnly(0L);
    }

    @Test
    void reportOfOneThatEndsWithoutAllOfItsPagesSaysWhatHadComeByThen() throws Exception {
        for (Act act : List.<Act>of(
                cluster -> cluster.failHost("h1"), cluster -> cluster.failHost("h2"), cluster -> cluster.stop("a"))) {
            MigrationReport report = actAt(FETCHING, act).report();
            PostCopyReport postCopy = report.getPostCopy();

            long came = postCopy.getPushedPages() + postCopy.getDemandedPages();
            assertThat(postCopy.getMissingPages()).isEqualTo(PAGES);
            assertThat(came).isBetween(1L, PAGES - 1L);
            assertThat(postCopy.getBytes()).isGreaterThan((came - postCopy.getZeroPages()) * 4096);
            assertThat(report.getTotalBytes()).isGreaterThan(postCopy.getBytes());
            assertThat(report.getTotalNanos()).isEqualTo(report.getEndedNanos() - ASKED);
            assertThat(postCopy.getDurationNanos()).isBetween(10 * MILLI, report.getTotalNanos());
        }
    }

    @Test
    void lastPagesThatHadLeftTheSourceBeforeItsDeathMakeTheVmWhole() throws Exception {
        MigrationReport undisturbed =
                migrate(MigrationAlgorithm.POST_COPY, 0, "n1", "n2").report();

        // The last burst has left two latencies before the controller hears that it has come.
        End saved = actAt(undisturbed.getEndedNanos() - 3 * MILLI / 2, cluster -> cluster.failHost("h1"));
        assertThat(saved.vm().getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(saved.report().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);

        End lost = actAt(undisturbed.getEndedNanos() - 5 * MILLI / 2, cluster -> cluster.failHost("h1"));
        assertThat(lost.vm().getState()).isEqualTo(VmState.VM_LOST);
        assertThat(lost.reserved()).containsOnly(0L);
    }

    @Test
    void deathsBeforeTheHandOverAreThoseOfPreCopy() throws Exception {
        End kept = actAt(ASKED + 2 * MILLI + MILLI / 2, cluster -> cluster.failHost("h2"));
        assertThat(kept.vm().getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(kept.vm().getHost()).isEqualTo("h1");
        assertThat(kept.report().getReason()).isEqualTo("the target died");
        assertThat(kept.report().getTotalNanos()).isEqualTo(2 * MILLI + MILLI / 2);
        assertThat(kept.report().hasPostCopy()).isFalse();

        End lost = actAt(ASKED + 2 * MILLI + MILLI / 2, cluster -> cluster.failHost("h1"));
        assertThat(lost.vm().getState()).isEqualTo(VmState.VM_LOST);
        assertThat(lost.reserved()).containsOnly(0L);
    }

    @Test
    void vmThatEndsWithoutAllOfItsPagesLeavesNothingBehind() throws Exception {
        End stopped = actAt(FETCHING, cluster -> cluster.stop("a"));
        assertThat(stopped.vm().getState()).isEqualTo(VmState.VM_STOPPED);
        assertThat(stopped.report().getReason()).isEqualTo("the VM ended: stopped");
        assertThat(stopped.reserved()).containsOnly(0L);

        End ended = actAt(FETCHING, cluster -> cluster.type("a", new byte[] {'!'}));
        assertThat(ended.vm().getState()).isEqualTo(VmState.VM_STOPPED);
        assertThat(ended.reserved()).containsOnly(0L);
    }

    @Test
    void vmThatIsPausedMeanwhileBecomesWholeAndStaysPaused() throws Exception {
        End end = actAt(FETCHING, cluster -> cluster.pause("a"));

        assertThat(end.vm().getState()).isEqualTo(VmState.VM_PAUSED);
        assertThat(end.report().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(end.reserved()).containsExactly(0L, 8L << 20);
    }

    @Test
    void paravirtualGuestsAreRefusedInOneLine() throws Exception {
        try (ToyCluster toys = ToyCluster.of(0, 0, "n1")) {
            ClusterControl cluster = toys.control();
            for (String host : List.of("h1", "h2")) {
                get(cluster.defineHost(
                        ToyCluster.host(host).toBuilder().addModes("para").build()));
            }
            CreateVmRequest.Builder vm = ToyCluster.vm("a", "h1").toBuilder();
            vm.getSpecBuilder().setMode("para");
            get(cluster.start());
            get(cluster.createVm(vm.build()));

            for (MigrationAlgorithm algorithm : List.of(MigrationAlgorithm.POST_COPY, MigrationAlgorithm.HYBRID)) {
                assertThatThrownBy(() -> get(cluster.migrate(request(algorithm))))
                        .hasMessage(
                                "VM a runs in mode para, where the target needs all pages of a guest to carry it on:"
                                        + " expected algorithm pre-copy or stop-and-copy");
            }
        }
    }

    @Test
    void whatNeedsAllPagesIsRefusedInOneLine(@TempDir Path folder) throws Exception {
        List<CompletableFuture<?>> refused = new ArrayList<>();
        actAt(FETCHING, cluster -> {
            refused.add(cluster.snapshot("a", folder.resolve("snapshot").toString()));
            refused.add(cluster.cloneVm(
                    CloneVmRequest.newBuilder().setVm("a").setName("b").build()));
            refused.add(cluster.migrate(request(MigrationAlgorithm.PRE_COPY)));
            refused.add(cluster.cancelMigration(1));
        });

        for (CompletableFuture<?> answer : refused) {
            assertThatThrownBy(() -> get(answer)).hasMessageMatching("[^\\n]*(pages|is being migrated)[^\\n]*");
        }
        assertThat(folder).isEmptyDirectory();
    }
}
