package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.RoundReport;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.VmState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LiveMigrationTest {
    /** All that must be the same however often and wherever it runs. */
    private record Outcome(List<ConsoleOutput> lines, MigrationReport report, String finalHash) {}

    private static Outcome migrateWhileRunning(MigrationAlgorithm algorithm, long maxWindow, String... nodes)
            throws Exception {
        return migrateWhileRunning(ToyCluster.vm("a", "h1"), algorithm, maxWindow, nodes);
    }

    private static Outcome migrateWhileRunning(
            CreateVmRequest vm, MigrationAlgorithm algorithm, long maxWindow, String... nodes) throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, maxWindow, nodes)) {
            ClusterControl cluster = toys.control();
            List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
            cluster.at(10 * MILLI).createVm(vm);
            cluster.at(15 * MILLI).reached().thenRun(() -> cluster.console("a", true, said::add, () -> {}));
            cluster.at(20 * MILLI).createVm(ToyCluster.vm("b", "h2"));
            CompletableFuture<MigrationReport> accepted = cluster.at(200 * MILLI)
                    .migrate(MigrateRequest.newBuilder()
                            .setVm("a")
                            .setTarget("h2")
                            .setParameters(MigrationParameters.newBuilder()
                                    .setAlgorithm(algorithm)
                                    .setDowntimeLimitNanos(10 * MILLI)
                                    .setBandwidthBytesPerSecond(40 << 20))
                            .build());
            cluster.at(230 * MILLI).type("a", "xy".getBytes());
            CompletableFuture<StateHashResponse> hash = cluster.at(SECOND).stateHash("a");
            CompletableFuture<Void> held = cluster.at(SECOND + 5 * MILLI).hold();
            get(cluster.start());
            MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
            String finalHash = get(hash).getStateHash();
            get(held);
            return new Outcome(List.copyOf(said), withoutWallClock(report), finalHash);
        }
    }

    static MigrationReport withoutWallClock(MigrationReport report) {
        MigrationReport.Builder virtual = report.toBuilder().clearWall();
        for (RoundReport.Builder round : virtual.getRoundsBuilderList()) {
            round.clearWallNanos();
        }
        return virtual.build();
    }

    private static String text(Outcome outcome) {
        StringBuilder text = new StringBuilder();
        long expected = 0;
        for (ConsoleOutput piece : outcome.lines()) {
            assertThat(piece.getOffset()).isEqualTo(expected);
            expected += piece.getBytes().size();
            text.append(piece.getBytes().toStringUtf8());
        }
        return text.toString();
    }

    @Test
    void vmMovesWhileItRunsAndNothingIsLost() throws Exception {
        Outcome outcome = migrateWhileRunning(MigrationAlgorithm.PRE_COPY, 0, "n1");

        MigrationReport report = outcome.report();
        assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(report.getSourceStateHash())
                .isEqualTo(report.getTargetStateHash())
                .isNotEmpty();
        assertThat(report.getRoundsCount()).isGreaterThan(1);
        assertThat(report.getDowntimeList().stream()
                        .mapToLong(d -> d.getNanos())
                        .sum())
                .isEqualTo(report.getDowntimeNanos());
        assertThat(report.getDowntimeNanos()).isLessThanOrEqualTo(11 * MILLI);
        long line = 0;
        for (String printed :
                text(outcome).lines().filter(l -> l.startsWith("line")).toList()) {
            assertThat(printed).startsWith("line " + line++ + " at ");
        }
        assertThat(line).isGreaterThan(300);
        assertThat(text(outcome)).contains("typed x", "typed y");
    }

    @Test
    void whatIsTypedDuringAMigrationIsReadOnceAndInOrder() throws Exception {
        String keys = "abcdefghijklmnopqrstuvwxyz".repeat(10);
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1", "n2")) {
            ClusterControl cluster = toys.control();
            List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
            cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
            cluster.at(5 * MILLI).reached().thenRun(() -> cluster.console("a", true, said::add, () -> {}));
            CompletableFuture<MigrationReport> accepted = cluster.at(20 * MILLI)
                    .migrate(MigrateRequest.newBuilder()
                            .setVm("a")
                            .setTarget("h2")
                            .setParameters(MigrationParameters.newBuilder().setDowntimeLimitNanos(50 * MILLI))
                            .build());
            for (int i = 0; i < keys.length(); i++) {
                cluster.at((10 + i) * MILLI).type("a", keys.substring(i, i + 1).getBytes());
            }
            CompletableFuture<Void> held = cluster.at(SECOND).hold();
            get(cluster.start());
            MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
            get(held);

            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getEndedNanos()).isLessThan((10 + keys.length()) * MILLI);
            String read = said.stream()
                    .map(piece -> piece.getBytes().toStringUtf8())
                    .collect(Collectors.joining())
                    .lines()
                    .filter(line -> line.startsWith("typed "))
                    .map(line -> line.substring("typed ".length()))
                    .collect(Collectors.joining());
            assertThat(read).isEqualTo(keys);
        }
    }

    @Test
    void stopAndCopyPausesOnceForEverything() throws Exception {
        MigrationReport report =
                migrateWhileRunning(MigrationAlgorithm.STOP_AND_COPY, 0, "n1").report();

        assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(report.getRoundsCount()).isEqualTo(1);
        assertThat(report.getSwitchOverCause()).isEqualTo("stop-and-copy");
    }

    @Test
    void resultsDependNeitherOnTheWindowNorOnTheNumberOfNodes() throws Exception {
        checkIndependence(ToyCluster.vm("a", "h1"));
    }

    // ---- guests that suspend themselves

    private static CreateVmRequest suspending(long cycles) {
        CreateVmRequest.Builder vm = ToyCluster.vm("a", "h1").toBuilder();
        vm.getSpecBuilder().putLabels("suspends-after", Long.toString(cycles));
        return vm.build();
    }

    @Test
    void guestThatSuspendsItselfRunsUntilItHas() throws Exception {
        Outcome outcome = migrateWhileRunning(suspending(7_654_321), MigrationAlgorithm.PRE_COPY, 0, "n1");

        MigrationReport report = outcome.report();
        assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(report.getSourceStateHash()).isEqualTo(report.getTargetStateHash());
        assertThat(text(outcome)).contains("typed x", "typed y");
    }

    @Test
    void whenAGuestIsFoundSuspendedDependsNeitherOnTheWindowNorOnTheNumberOfNodes() throws Exception {
        checkIndependence(suspending(7_654_321));
    }

    @Test
    void guestThatDoesNotSuspendItselfStaysAndRunsOn() throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1")) {
            ClusterControl cluster = toys.control();
            get(cluster.start());
            get(cluster.createVm(suspending(-1)));
            MigrateRequest request =
                    MigrateRequest.newBuilder().setVm("a").setTarget("h2").build();
            MigrationReport report =
                    get(cluster.migrationEnd(get(cluster.migrate(request)).getNumber()));

            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
            assertThat(report.getReason())
                    .contains(
                            "the guest of VM a has not suspended itself within 10 s of being asked by control/shutdown");
            assertThat(get(cluster.vms()).getFirst().getHost()).isEqualTo("h1");
            assertThat(get(cluster.vms()).getFirst().getState()).isEqualTo(VmState.VM_RUNNING);
        }
    }

    @Test
    void pausedGuestThatWouldHaveToSuspendItselfIsNotMoved() throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1")) {
            ClusterControl cluster = toys.control();
            get(cluster.start());
            get(cluster.createVm(suspending(1000)));
            get(cluster.pause("a"));
            MigrateRequest request =
                    MigrateRequest.newBuilder().setVm("a").setTarget("h2").build();
            MigrationReport report =
                    get(cluster.migrationEnd(get(cluster.migrate(request)).getNumber()));

            assertThat(report.getReason())
                    .contains("VM a is paused: a paravirtual guest has to run to suspend itself, so resume it first");
            assertThat(get(cluster.vms()).getFirst().getState()).isEqualTo(VmState.VM_PAUSED);
            assertThat(get(cluster.resume("a")).getState()).isEqualTo(VmState.VM_RUNNING);
        }
    }

    private static void checkIndependence(CreateVmRequest vm) throws Exception {
        Outcome first = migrateWhileRunning(vm, MigrationAlgorithm.PRE_COPY, 0, "n1");

        for (long window : new long[] {0, 37_001, 333_333}) {
            Outcome again = migrateWhileRunning(vm, MigrationAlgorithm.PRE_COPY, window, "n1", "n2");
            assertThat(again.report()).isEqualTo(first.report());
            assertThat(again.finalHash()).isEqualTo(first.finalHash());
            assertThat(text(again)).isEqualTo(text(first));
        }
    }
}
