package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.NetworkCard;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs of a cluster talk to each other: a and b across hosts, c beside a, and one of them moves. */
class EthernetTest {
    private static final String A = "52:54:00:00:00:01";
    private static final String B = "52:54:00:00:00:02";
    private static final String ALL = "ff:ff:ff:ff:ff:ff";

    @TempDir
    private Path folder;

    /** All that must be the same however often and wherever it runs. */
    private record Outcome(Map<String, String> consoles, List<String> hashes, MigrationReport migration) {
        /** But for the announcement of where b is after its migration. */
        List<String> framesTo(String vm, String from) {
            return consoles.getOrDefault(vm, "")
                    .lines()
                    .filter(line -> line.matches("frame [0-9]{1,4} from " + from + " .*"))
                    .toList();
        }
    }

    private static CreateVmRequest vm(String name, String host, String to, long everyCycles) {
        CreateVmRequest.Builder request = ToyCluster.vm(name, host).toBuilder();
        request.getSpecBuilder()
                .setNetwork(NetworkCard.getDefaultInstance())
                .putLabels("line-every", "1000000000")
                .putLabels("frame-to", to)
                .putLabels("frame-every", Long.toString(everyCycles));
        return request.build();
    }

    private static Outcome run(long maxWindow, String... nodes) throws Exception {
        try (ToyCluster toys = ToyCluster.of(3, maxWindow, nodes)) {
            ClusterControl cluster = toys.control();
            Map<String, StringBuffer> said = new TreeMap<>();
            for (String name : List.of("a", "b", "c")) said.put(name, new StringBuffer());
            cluster.at(MILLI).createVm(vm("a", "h1", B, 700_000));
            cluster.at(MILLI).createVm(vm("b", "h2", A, 1_100_000));
            cluster.at(MILLI).createVm(vm("c", "h1", ALL, 5_000_000));
            cluster.at(3 * MILLI)
                    .reached()
                    .thenRun(() -> said.forEach(
                            (name, text) -> cluster.console(name, true, piece -> text.append(utf8(piece)), () -> {})));
            CompletableFuture<MigrationReport> migration = cluster.at(50 * MILLI)
                    .migrate(MigrateRequest.newBuilder()
                            .setVm("b")
                            .setTarget("h3")
                            .setParameters(MigrationParameters.newBuilder().setDowntimeLimitNanos(10 * MILLI))
                            .build());
            List<CompletableFuture<StateHashResponse>> hashes = said.keySet().stream()
                    .map(name -> cluster.at(500 * MILLI).stateHash(name))
                    .toList();
            CompletableFuture<Void> held = cluster.at(502 * MILLI).hold();
            get(cluster.start());
            MigrationReport report = get(cluster.migrationEnd(get(migration).getNumber()));
            get(held);
            Map<String, String> consoles = new TreeMap<>();
            said.forEach((name, text) -> consoles.put(name, text.toString()));
            return new Outcome(
                    consoles,
                    hashes.stream().map(hash -> get(hash).getStateHash()).toList(),
                    LiveMigrationTest.withoutWallClock(report));
        }
    }

    private static String utf8(ConsoleOutput piece) {
        return piece.getBytes().toStringUtf8();
    }

    @Test
    void vmsTalkAcrossHostsAndWithinOneAndAfterAMigration() throws Exception {
        Outcome outcome = run(0, "n1");
        assertThat(outcome.migration().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        List<String> atA = outcome.framesTo("a", B);
        // All that b has sent: while it is paused it sends nothing.
        assertThat(atA).hasSizeBetween(430, 455);
        for (int n = 0; n < atA.size(); n++) {
            assertThat(atA.get(n)).startsWith("frame " + n + " ");
        }
        // What comes while b is on its way is lost.
        assertThat(outcome.framesTo("b", A)).hasSizeBetween(670, 708);
        assertThat(outcome.framesTo("a", "52:54:00:00:00:03")).hasSizeBetween(98, 100);
        assertThat(outcome.framesTo("b", "52:54:00:00:00:03")).hasSizeBetween(90, 100);
        assertThat(outcome.framesTo("c", A)).isEmpty();
        assertThat(outcome.framesTo("c", "52:54:00:00:00:03")).isEmpty();
        // Sent at cycle 700,000 of a, which began at 1 ms; twice on a link of 640 Mbit/s for 84 octets, and 1 ms
        // between.
        assertThat(outcome.framesTo("b", A).get(1))
                .isEqualTo("frame 1 from " + A + " at " + (700_000 + MILLI + 2 * 1002));
    }

    @Test
    void whereHostsAreAndWhereWindowsEndMakesNoDifference() throws Exception {
        Outcome expected = run(0, "n1");
        assertThat(run(0, "n1", "n2")).isEqualTo(expected);
        assertThat(run(MILLI / 3, "n1", "n2")).isEqualTo(expected);
        assertThat(run(123_457, "n1")).isEqualTo(expected);
    }

    /** While its pages follow, the VM is at both hosts, and runs at one. */
    @Test
    void neighbourOfAVmThatMovesByPostCopyReachesItWhereItRuns() throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1")) {
            ClusterControl cluster = toys.control();
            StringBuffer said = new StringBuffer();
            cluster.at(MILLI).createVm(vm("a", "h1", B, 1_000_000));
            cluster.at(MILLI).createVm(vm("b", "h1", A, 1_000_000));
            cluster.at(3 * MILLI)
                    .reached()
                    .thenRun(() -> cluster.console("b", true, piece -> said.append(utf8(piece)), () -> {}));
            cluster.at(50 * MILLI)
                    .migrate(MigrateRequest.newBuilder()
                            .setVm("b")
                            .setTarget("h2")
                            .setParameters(MigrationParameters.newBuilder()
                                    .setAlgorithm(MigrationAlgorithm.POST_COPY)
                                    .setBandwidthBytesPerSecond(2 << 20))
                            .build());
            CompletableFuture<List<MigrationReport>> during =
                    cluster.at(299 * MILLI).reached().thenCompose(reached -> cluster.migrations());
            CompletableFuture<Void> held = cluster.at(300 * MILLI).hold();
            get(cluster.start());
            assertThat(get(during))
                    .singleElement()
                    .returns(MigrationState.MIGRATION_FETCHING, MigrationReport::getState);
            get(held);
            List<String> frames = new Outcome(
                            Map.of("b", said.toString()), List.of(), MigrationReport.getDefaultInstance())
                    .framesTo("b", A);
            assertThat(frames).hasSizeBetween(285, 299);
        }
    }

    @Test
    void addressesAreGivenInTheOrderOfCreationAndACloneIsNotPluggedIn() throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1")) {
            ClusterControl cluster = toys.control();
            List<CompletableFuture<Vm>> vms = IntStream.rangeClosed(1, 3)
                    .mapToObj(n -> cluster.at(n * MILLI).createVm(vm("vm-" + n, "h1", ALL, 1_000_000)))
                    .toList();
            CompletableFuture<Vm> near = cluster.at(10 * MILLI)
                    .cloneVm(CloneVmRequest.newBuilder()
                            .setVm("vm-2")
                            .setName("near")
                            .build());
            CompletableFuture<Vm> far = cluster.at(20 * MILLI)
                    .cloneVm(CloneVmRequest.newBuilder()
                            .setVm("vm-2")
                            .setName("far")
                            .setHost("h2")
                            .build());
            get(cluster.start());
            assertThat(vms)
                    .extracting(vm -> get(vm).getSpec().getNetwork().getAddress())
                    .containsExactly(A, B, "52:54:00:00:00:03");
            NetworkCard out =
                    NetworkCard.newBuilder().setAddress(B).setLinkDown(true).build();
            assertThat(get(near).getSpec().getNetwork()).isEqualTo(out);
            assertThat(get(far).getSpec().getNetwork()).isEqualTo(out);
        }
    }

    @Test
    void snapshotRestoredBesideItsOriginalIsNotPluggedInAndLaterOneIs() throws Exception {
        try (ToyCluster toys = ToyCluster.of(3, 0, "n1")) {
            ClusterControl cluster = toys.control();
            StringBuffer said = new StringBuffer();
            String file = folder.resolve("b.snapshot").toString();
            cluster.at(MILLI).createVm(vm("a", "h1", B, 1_000_000));
            cluster.at(2 * MILLI).createVm(vm("b", "h2", B, 1_000_000));
            cluster.at(2 * MILLI).createVm(vm("c", "h3", ALL, 1_000_000));
            cluster.at(20 * MILLI).snapshot("b", file);
            CompletableFuture<Vm> beside = cluster.at(30 * MILLI).restore(restored(file, "beside"));
            cluster.at(40 * MILLI).stop("b");
            CompletableFuture<Vm> later = cluster.at(50 * MILLI).restore(restored(file, "later"));
            cluster.at(55 * MILLI)
                    .reached()
                    .thenRun(() -> cluster.console("later", true, piece -> said.append(utf8(piece)), () -> {}));
            CompletableFuture<Void> held = cluster.at(100 * MILLI).hold();
            get(cluster.start());
            get(held);
            assertThat(get(beside).getSpec().getNetwork().getLinkDown()).isTrue();
            assertThat(get(later).getSpec().getNetwork())
                    .isEqualTo(NetworkCard.newBuilder().setAddress(B).build());
            // It is announced at its new host, and found there.
            assertThat(said.toString().lines().filter(line -> line.contains(" from " + A)))
                    .hasSizeBetween(44, 51);
        }
    }

    private static RestoreVmRequest restored(String file, String name) {
        return RestoreVmRequest.newBuilder()
                .setFile(file)
                .setName(name)
                .setHost("h3")
                .build();
    }
}
