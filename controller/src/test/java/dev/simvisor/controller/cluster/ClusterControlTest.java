package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.SnapshotVmResponse;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterControlTest {
    @TempDir
    Path directory;

    private ToyCluster toys;
    private ClusterControl cluster;

    @BeforeEach
    void start() throws Exception {
        toys = ToyCluster.of(3, 0, "n1");
        cluster = toys.control();
    }

    @AfterEach
    void stop() {
        toys.close();
    }

    private static MigrateRequest to(String vm, String target) {
        return MigrateRequest.newBuilder().setVm(vm).setTarget(target).build();
    }

    private static void assertRefused(CompletableFuture<?> answer, Refusal.Kind kind, String... words) {
        assertThatThrownBy(() -> answer.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(Refusal.class, refusal -> {
                    assertThat(refusal.kind()).isEqualTo(kind);
                    assertThat(refusal.getMessage()).contains(words).doesNotContain("\n");
                });
    }

    @Test
    void badRequestsGetOneLineEach() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));

        assertRefused(cluster.createVm(ToyCluster.vm("a", "h2")), Refusal.Kind.ALREADY_EXISTS, "VM a", "h1");
        assertRefused(cluster.createVm(ToyCluster.vm("b", "h9")), Refusal.Kind.NOT_FOUND, "h9", "h1, h2, h3");
        assertRefused(cluster.createVm(ToyCluster.vm("b c", "h1")), Refusal.Kind.INVALID, "b c");
        assertRefused(cluster.createVm(ToyCluster.vm("..", "h1")), Refusal.Kind.INVALID, "'..'", "letter or digit");
        assertRefused(cluster.createVm(ToyCluster.vm("-h", "h1")), Refusal.Kind.INVALID, "'-h'", "letter or digit");
        assertRefused(cluster.migrate(to("a", "h1")), Refusal.Kind.INVALID, "VM a", "h1 already");
        assertRefused(cluster.migrate(to("a", "h9")), Refusal.Kind.NOT_FOUND, "h9");
        assertRefused(cluster.migrate(to("z", "h2")), Refusal.Kind.NOT_FOUND, "'z'");
        assertRefused(cluster.resume("a"), Refusal.Kind.NOT_NOW, "running");
        assertRefused(cluster.cancelMigration(17), Refusal.Kind.NOT_FOUND, "17");
        VmSpec.Builder big = ToyCluster.vm("big", "").getSpec().toBuilder().setMemoryBytes(60 << 20);
        assertRefused(
                cluster.createVm(
                        ToyCluster.vm("big", "h1").toBuilder().setSpec(big).build()),
                Refusal.Kind.NO_ROOM,
                "h1",
                "60 MiB");
        VmSpec.Builder para = ToyCluster.vm("p", "").getSpec().toBuilder().setMode("para");
        assertRefused(
                cluster.createVm(
                        ToyCluster.vm("p", "h1").toBuilder().setSpec(para).build()),
                Refusal.Kind.INVALID,
                "para");
    }

    @Test
    void namesThatNoFileCanHaveHarmNobody() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        CreateVmRequest.Builder odd = ToyCluster.vm("b", "h1").toBuilder();
        odd.getSpecBuilder().addDisks("a\0b");
        CreateVmRequest.Builder kernel = ToyCluster.vm("b", "h1").toBuilder();
        kernel.getSpecBuilder().getBootBuilder().getLinuxBuilder().setKernel("\0");

        assertRefused(cluster.createVm(odd.build()), Refusal.Kind.INVALID, "VM b", "name of a file");
        assertRefused(cluster.createVm(kernel.build()), Refusal.Kind.INVALID, "VM b", "name of a file");
        assertRefused(cluster.snapshot("a", "\0"), Refusal.Kind.INVALID, "VM a", "name of a file");
        RestoreVmRequest restore =
                RestoreVmRequest.newBuilder().setName("c").setFile("\0").build();
        assertRefused(cluster.restore(restore), Refusal.Kind.INVALID, "VM c", "name of a file");
        get(cluster.stateHash("a")); // it answers, so it lives
    }

    @Test
    void figuresThatNoHostCanWorkWithAreRefusedAndHarmNobody() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        MigrationParameters plain = MigrationParameters.getDefaultInstance();
        for (MigrationParameters odd : List.of(
                plain.toBuilder().setBandwidthBytesPerSecond(-1).build(),
                plain.toBuilder().setDowntimeLimitNanos(-1).build(),
                plain.toBuilder().setMaxRounds(-1).build(),
                plain.toBuilder().setAlgorithmValue(9).build())) {
            MigrateRequest migrate =
                    to("a", "h2").toBuilder().setParameters(odd).build();
            assertRefused(cluster.migrate(migrate), Refusal.Kind.INVALID, "expected");
            assertRefused(cluster.drain("h1", odd), Refusal.Kind.INVALID, "expected");
        }
        VmSpec vm = ToyCluster.vm("b", "").getSpec();
        for (VmSpec odd : List.of(
                vm.toBuilder().setWeight(-1).build(),
                vm.toBuilder().setWeight(65_536).build(),
                vm.toBuilder().setCapPercent(-1).build(),
                vm.toBuilder().setCapPercent(101).build(),
                vm.toBuilder().setOnRebootValue(7).build(),
                vm.toBuilder().setCpus(-1).build())) {
            CreateVmRequest create = CreateVmRequest.newBuilder().setSpec(odd).build();
            assertRefused(cluster.createVm(create), Refusal.Kind.INVALID, "VM b", "expected");
        }
        get(cluster.stateHash("a")); // it answers, so it lives
    }

    @Test
    void pausedVmStandsStillAndMigratesPaused() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        assertThat(get(cluster.pause("a")).getState()).isEqualTo(VmState.VM_PAUSED);
        String before = get(cluster.stateHash("a")).getStateHash();

        MigrationReport report =
                get(cluster.migrationEnd(get(cluster.migrate(to("a", "h2"))).getNumber()));

        assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(get(cluster.stateHash("a")).getStateHash()).isEqualTo(before);
        assertThat(get(cluster.resume("a")).getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(get(cluster.stop("a")).getState()).isEqualTo(VmState.VM_STOPPED);
    }

    @Test
    void drainMovesEverythingAway() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        get(cluster.createVm(ToyCluster.vm("b", "h1")));

        Host drained = get(cluster.drain("h1", MigrationParameters.getDefaultInstance()));

        assertThat(drained.getState()).isEqualTo(HostState.HOST_DRAINED);
        assertThat(drained.getVmsList()).isEmpty();
        assertThat(drained.getMemoryReservedBytes()).isZero();
        assertThat(get(cluster.vms())).extracting(Vm::getState).containsOnly(VmState.VM_RUNNING);
        assertThat(get(cluster.recoverHost("h1")).getState()).isEqualTo(HostState.HOST_UP);
    }

    @Test
    void drainMovesOnWhatIsOnItsWayToTheHost() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<MigrationReport> coming = cluster.at(10 * MILLI).migrate(to("a", "h2"));
        CompletableFuture<Host> drain = cluster.at(50 * MILLI).drain("h2", MigrationParameters.getDefaultInstance());
        get(cluster.start());

        Host drained = get(drain);

        assertThat(get(cluster.migrationEnd(get(coming).getNumber())).getState())
                .isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(drained.getState()).isEqualTo(HostState.HOST_DRAINED);
        assertThat(drained.getVmsList()).isEmpty();
        Vm vm = get(cluster.vms()).getFirst();
        assertThat(vm.getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(vm.getHost()).isNotEqualTo("h2");
        assertThat(vm.getMigration()).isZero();
    }

    @Test
    void drainWaitsForTheVmThatIsLeavingAlready() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        cluster.at(10 * MILLI).migrate(to("a", "h2"));
        CompletableFuture<Host> drain = cluster.at(50 * MILLI).drain("h1", MigrationParameters.getDefaultInstance());
        get(cluster.start());

        assertThat(get(drain).getState()).isEqualTo(HostState.HOST_DRAINED);
        assertThat(get(cluster.vms()).getFirst().getHost()).isEqualTo("h2");
        assertThat(get(cluster.migrations())).hasSize(1);
    }

    @Test
    void drainWaitsForTheVmThatIsBeingCreatedAndMovesIt() {
        CompletableFuture<Vm> created = cluster.at(10 * MILLI).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<Host> drain = cluster.at(10 * MILLI).drain("h1", MigrationParameters.getDefaultInstance());
        get(cluster.start());

        assertThat(get(drain).getState()).isEqualTo(HostState.HOST_DRAINED);
        assertThat(get(created).getHost()).isEqualTo("h1");
        Vm vm = get(cluster.vms()).getFirst();
        assertThat(vm.getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(vm.getHost()).isNotEqualTo("h1");
    }

    @Test
    void drainIsDoneWhenTheVmThatWasBeingCreatedIsRefused() throws Exception {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h2")));
        Path file = directory.resolve("a.vm");
        get(cluster.snapshot("a", file.toString()));
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) - 1));

        CompletableFuture<Vm> refused = cluster.restore(RestoreVmRequest.newBuilder()
                .setFile(file.toString())
                .setName("b")
                .setHost("h1")
                .build());
        CompletableFuture<Host> drain = cluster.drain("h1", MigrationParameters.getDefaultInstance());

        assertRefused(refused, Refusal.Kind.INVALID, "truncated");
        assertThat(get(drain).getState()).isEqualTo(HostState.HOST_DRAINED);
    }

    @Test
    void nothingSetsOutForAHostThatIsBeingDrained() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        cluster.at(0).createVm(ToyCluster.vm("b", "h1"));
        cluster.at(10 * MILLI).migrate(to("a", "h3"));
        CompletableFuture<MigrationReport> waiting = cluster.at(10 * MILLI).migrate(to("b", "h2"));
        CompletableFuture<Host> drain = cluster.at(20 * MILLI).drain("h2", MigrationParameters.getDefaultInstance());
        get(cluster.start());

        assertThat(get(drain).getState()).isEqualTo(HostState.HOST_DRAINED);
        MigrationReport refused = get(cluster.migrationEnd(get(waiting).getNumber()));
        assertThat(refused.getState()).isEqualTo(MigrationState.MIGRATION_FAILED);
        assertThat(refused.getReason()).isEqualTo("host h2 is being drained");
        assertThat(get(cluster.hosts()).get(1).getMemoryReservedBytes()).isZero();
    }

    @Test
    void secondDrainOfAHostLeavesTheFirstAlone() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<Host> first = cluster.at(10 * MILLI).drain("h1", MigrationParameters.getDefaultInstance());
        CompletableFuture<Host> second = cluster.at(20 * MILLI).drain("h1", MigrationParameters.getDefaultInstance());
        get(cluster.start());

        assertRefused(second, Refusal.Kind.NOT_NOW, "h1", "drained already");
        assertThat(get(first).getState()).isEqualTo(HostState.HOST_DRAINED);
    }

    @Test
    void failedHostTakesItsVmsAndComesBackEmpty() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));

        assertThat(get(cluster.failHost("h1")).getState()).isEqualTo(HostState.HOST_FAILED);
        assertThat(get(cluster.vms()).getFirst().getState()).isEqualTo(VmState.VM_LOST);
        assertThat(get(cluster.recoverHost("h1")).getState()).isEqualTo(HostState.HOST_UP);
        Vm again = get(cluster.createVm(ToyCluster.vm("a", "h1")));
        assertThat(again.getEpoch()).isEqualTo(2);
    }

    /** The report is on its way while a window ends, as a faster host is there, and the host dies. */
    @Test
    void lostVmStaysLostWhateverItsHostHadSaidBefore() {
        HostSpec.Builder fast = ToyCluster.host("fast").toBuilder();
        fast.getLinkBuilder().setLatencyNanos(MILLI / 5);
        get(cluster.defineHost(fast.build()));
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<Vm> paused = cluster.at(10 * MILLI).pause("a");
        CompletableFuture<Host> failed = cluster.at(10 * MILLI + MILLI / 2).failHost("h1");
        CompletableFuture<ClusterStatus> later = cluster.at(15 * MILLI).status();
        get(cluster.start());

        assertThat(get(failed).getState()).isEqualTo(HostState.HOST_FAILED);
        assertRefused(paused, Refusal.Kind.LOST, "h1");
        get(later);
        assertThat(get(cluster.vms()).getFirst().getState()).isEqualTo(VmState.VM_LOST);
    }

    @Test
    void nobodyWaitsForWhatADeadHostWouldHaveToSay() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        cluster.at(10 * MILLI).migrate(to("a", "h2"));
        CompletableFuture<Host> failed = cluster.at(20 * MILLI).failHost("h1");
        CompletableFuture<StateHashResponse> hash = cluster.at(20 * MILLI).stateHash("a");
        CompletableFuture<SnapshotVmResponse> snapshot =
                cluster.at(20 * MILLI).snapshot("a", directory.resolve("a.vm").toString());
        get(cluster.start());

        get(failed);
        assertRefused(hash, Refusal.Kind.NOT_NOW, "VM a", "h1 is dead");
        assertRefused(snapshot, Refusal.Kind.NOT_NOW, "VM a", "h1 is dead");
    }

    @Test
    void fileThatHoldsAnotherVmThanTheOneAdmittedIsRefused() {
        Path file = directory.resolve("saved");
        CreateVmRequest.Builder other = ToyCluster.vm("b", "h1").toBuilder();
        other.getSpecBuilder().putLabels("line-every", "7000000");
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        cluster.at(0).createVm(other.build());
        CompletableFuture<SnapshotVmResponse> first = cluster.at(10 * MILLI).snapshot("a", file.toString());
        CompletableFuture<SnapshotVmResponse> second = cluster.at(20 * MILLI).snapshot("b", file.toString());
        CompletableFuture<Vm> restored = cluster.at(20 * MILLI)
                .restore(RestoreVmRequest.newBuilder()
                        .setFile(file.toString())
                        .setName("twin")
                        .setHost("h1")
                        .build());
        get(cluster.start());

        get(first);
        get(second);
        assertRefused(restored, Refusal.Kind.INVALID, file.toString(), "another VM");
        assertThat(get(cluster.vms())).extracting(vm -> vm.getSpec().getName()).containsExactly("a", "b");
    }

    @Test
    void snapshotIsRestoredUnderAnotherNameOnAnotherHost() throws Exception {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        Path file = directory.resolve("a.vm");
        SnapshotVmResponse saved = get(cluster.snapshot("a", file.toString()));
        RestoreVmRequest request = RestoreVmRequest.newBuilder()
                .setFile(file.toString())
                .setName("twin")
                .setHost("h2")
                .setPaused(true)
                .build();

        Vm twin = get(cluster.restore(request));

        assertThat(twin.getState()).isEqualTo(VmState.VM_PAUSED);
        assertThat(get(cluster.stateHash("twin")).getStateHash()).isEqualTo(saved.getStateHash());
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));
        RestoreVmRequest damaged = request.toBuilder().setName("half").build();
        assertRefused(cluster.restore(damaged), Refusal.Kind.INVALID, file.toString(), "truncated");
        assertThat(get(cluster.vms())).extracting(vm -> vm.getSpec().getName()).containsExactly("a", "twin");
        assertThat(get(cluster.hosts()).get(1).getMemoryReservedBytes())
                .isEqualTo(twin.getSpec().getMemoryBytes());
    }

    @Test
    void migrationsOfOneHostWaitForEachOther() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        cluster.at(0).createVm(ToyCluster.vm("b", "h1"));
        CompletableFuture<MigrationReport> first = cluster.at(10 * MILLI).migrate(to("a", "h2"));
        CompletableFuture<MigrationReport> second = cluster.at(10 * MILLI).migrate(to("b", "h3"));
        get(cluster.start());

        MigrationReport one = get(cluster.migrationEnd(get(first).getNumber()));
        MigrationReport two = get(cluster.migrationEnd(get(second).getNumber()));

        assertThat(one.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(two.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(two.getEndedNanos() - two.getTotalNanos()).isEqualTo(one.getEndedNanos());
    }

    @Test
    void eventsTellTheStoryInOrder() {
        List<Event> events = Collections.synchronizedList(new ArrayList<>());
        ClusterControl.Subscription subscription = cluster.watch(1, events::add);
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        get(cluster.migrationEnd(get(cluster.migrate(to("a", "h2"))).getNumber()));
        get(cluster.status());
        subscription.close();

        List<MigrationState> states = events.stream()
                .filter(Event::hasMigration)
                .map(event -> event.getMigration().getState())
                .distinct()
                .toList();
        assertThat(states)
                .containsExactly(
                        MigrationState.MIGRATION_QUEUED,
                        MigrationState.MIGRATION_PREPARING,
                        MigrationState.MIGRATION_COPYING,
                        MigrationState.MIGRATION_SWITCHING,
                        MigrationState.MIGRATION_COMPLETED);
        for (int i = 1; i < events.size(); i++) {
            assertThat(events.get(i).getNumber()).isEqualTo(events.get(i - 1).getNumber() + 1);
            assertThat(events.get(i).getVirtualNanos())
                    .isGreaterThanOrEqualTo(events.get(i - 1).getVirtualNanos());
        }
    }

    @Test
    void replayedJournalRepeatsAnInteractiveRun() throws Exception {
        Path file = directory.resolve("journal");
        get(cluster.journalTo(file));
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        get(cluster.type("a", "hello".getBytes()));
        MigrationReport report =
                get(cluster.migrationEnd(get(cluster.migrate(to("a", "h2"))).getNumber()));
        get(cluster.type("a", "again".getBytes()));
        get(cluster.pause("a"));
        String hash = get(cluster.stateHash("a")).getStateHash();

        try (ToyCluster other = ToyCluster.of(3, 0, "n1")) {
            get(Replay.read(file).into(other.control(), refusal -> {}));
            CompletableFuture<Void> after = other.control()
                    .at(get(cluster.status()).getVirtualNanos() + MILLI)
                    .reached();
            get(other.control().start());
            get(after);

            assertThat(get(other.control().stateHash("a")).getStateHash()).isEqualTo(hash);
            MigrationReport repeated = get(other.control().migrations()).getFirst();
            assertThat(LiveMigrationTest.withoutWallClock(repeated))
                    .isEqualTo(LiveMigrationTest.withoutWallClock(report));
        }
    }

    @Test
    void paceTiesVirtualToWallTime() throws Exception {
        cluster.pace(1);
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        long wall = System.nanoTime();
        long virtual = get(cluster.status()).getVirtualNanos();
        get(cluster.at(virtual + 500 * MILLI).reached());

        // It may make up for some of what it has lost before.
        assertThat(System.nanoTime() - wall).isGreaterThan(300 * MILLI);
    }
}
