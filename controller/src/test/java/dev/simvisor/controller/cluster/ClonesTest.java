package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A second VM of a first: on its host, on others, and when it cannot be. A copy between two toy hosts takes some 50 ms. */
class ClonesTest {
    private static final long VM_BYTES = ToyCluster.vm("", "").getSpec().getMemoryBytes();

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

    private static CloneVmRequest clone(String vm, String name, String host) {
        return CloneVmRequest.newBuilder().setVm(vm).setName(name).setHost(host).build();
    }

    private static CloneVmRequest paused(String vm, String name, String host) {
        return clone(vm, name, host).toBuilder().setPaused(true).build();
    }

    private static MigrateRequest to(String vm, String target) {
        return MigrateRequest.newBuilder().setVm(vm).setTarget(target).build();
    }

    private static void assertRefused(CompletableFuture<?> answer, Refusal.Kind kind, String... words) {
        assertThatThrownBy(() -> answer.get(5, TimeUnit.MINUTES))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(Refusal.class, refusal -> {
                    assertThat(refusal.kind()).isEqualTo(kind);
                    assertThat(refusal.getMessage()).contains(words).doesNotContain("\n");
                });
    }

    /** What a VM that was created at 0 and never cloned is at a time. */
    private static String undisturbed(CreateVmRequest vm, long nanos) throws IOException {
        try (ToyCluster other = ToyCluster.of(1, 0, "n1")) {
            other.control().at(0).createVm(vm);
            CompletableFuture<StateHashResponse> hash =
                    other.control().at(nanos).stateHash(vm.getSpec().getName());
            get(other.control().start());
            return get(hash).getStateHash();
        }
    }

    private void assertOnly(String... names) {
        assertThat(get(cluster.vms())).extracting(vm -> vm.getSpec().getName()).containsExactly(names);
    }

    private long reserved(String host) {
        return get(cluster.hosts()).stream()
                .filter(view -> view.getSpec().getName().equals(host))
                .mapToLong(Host::getMemoryReservedBytes)
                .sum();
    }

    // ---- what becomes of the two

    @Test
    void onOneHostBothAreAtEveryTimeWhatTheFirstWouldHaveBeen() throws Exception {
        CreateVmRequest vm = ToyCluster.vm("a", "h1");
        cluster.at(0).createVm(vm);
        CompletableFuture<Vm> cloned = cluster.at(30 * MILLI + 17).cloneVm(clone("a", "b", ""));
        CompletableFuture<StateHashResponse> first = cluster.at(700 * MILLI).stateHash("a");
        CompletableFuture<StateHashResponse> second = cluster.at(700 * MILLI).stateHash("b");
        get(cluster.start());

        Vm clone = get(cloned);
        assertThat(clone.getHost()).isEqualTo("h1");
        assertThat(clone.getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(clone.getSpec())
                .isEqualTo(vm.getSpec().toBuilder()
                        .setName("b")
                        .setCpuModel(clone.getSpec().getCpuModel())
                        .build());
        assertThat(get(first).getStateHash()).isEqualTo(undisturbed(vm, 700 * MILLI));
        assertThat(get(second)).isEqualTo(get(first));
        assertThat(reserved("h1")).isEqualTo(2 * VM_BYTES);
    }

    @Test
    void onAnotherHostTheSecondGoesOnWithTheSameInstructionsLater() throws Exception {
        CreateVmRequest vm = ToyCluster.vm("a", "h1");
        cluster.at(0).createVm(vm);
        CompletableFuture<Vm> cloned = cluster.at(30 * MILLI).cloneVm(clone("a", "b", "h3"));
        CompletableFuture<StateHashResponse> first = cluster.at(700 * MILLI).stateHash("a");
        CompletableFuture<StateHashResponse> second = cluster.at(700 * MILLI).stateHash("b");
        get(cluster.start());

        assertThat(get(cloned).getHost()).isEqualTo("h3");
        assertThat(get(first).getStateHash()).isEqualTo(undisturbed(vm, 700 * MILLI));
        // Its clock has a cycle each nanosecond, and stood while the state was on its way.
        long cycles = get(second).getVirtualCycles();
        assertThat(cycles).isBetween(500 * MILLI, 680 * MILLI);
        assertThat(get(second).getStateHash()).isEqualTo(undisturbed(vm, cycles));
        assertThat(reserved("h1")).isEqualTo(VM_BYTES);
        assertThat(reserved("h3")).isEqualTo(VM_BYTES);
    }

    /** A copy of a VM is as old as its state was when its turn came. */
    @Test
    void copiesAndMigrationsWaitForEachOthersLinks() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        cluster.at(0).createVm(ToyCluster.vm("d", "h1"));
        cluster.at(30 * MILLI).cloneVm(paused("a", "b", "h2"));
        cluster.at(30 * MILLI).cloneVm(paused("a", "c", "h3"));
        CompletableFuture<MigrationReport> moved = cluster.at(31 * MILLI).migrate(to("d", "h2"));
        CompletableFuture<StateHashResponse> first = cluster.at(900 * MILLI).stateHash("b");
        CompletableFuture<StateHashResponse> second = cluster.at(900 * MILLI).stateHash("c");
        get(cluster.start());

        long firstSent = get(first).getVirtualCycles();
        long secondSent = get(second).getVirtualCycles();
        assertThat(firstSent).isBetween(30 * MILLI, 40 * MILLI);
        assertThat(secondSent).isBetween(firstSent + 30 * MILLI, firstSent + 80 * MILLI);
        MigrationReport report = get(cluster.migrationEnd(get(moved).getNumber()));
        assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(report.getEndedNanos() - report.getTotalNanos()).isGreaterThan(secondSent + 30 * MILLI);
    }

    @Test
    void inputOfOneIsNotTheOthers() throws Exception {
        CreateVmRequest vm = ToyCluster.vm("a", "h1");
        cluster.at(0).createVm(vm);
        cluster.at(30 * MILLI).cloneVm(clone("a", "b", ""));
        cluster.at(50 * MILLI).type("b", new byte[] {'x'});
        CompletableFuture<StateHashResponse> first = cluster.at(100 * MILLI).stateHash("a");
        CompletableFuture<StateHashResponse> second = cluster.at(100 * MILLI).stateHash("b");
        get(cluster.start());

        assertThat(get(first).getStateHash()).isEqualTo(undisturbed(vm, 100 * MILLI));
        assertThat(get(second).getStateHash()).isNotEqualTo(get(first).getStateHash());
    }

    @Test
    void clonesOfAPausedVmAreTheSameOnAnyHostAndRunUnlessToldOtherwise() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        get(cluster.pause("a"));
        StateHashResponse hash = get(cluster.stateHash("a"));

        for (String host : List.of("", "h2")) {
            String name = "still" + host;
            assertThat(get(cluster.cloneVm(paused("a", name, host))).getState()).isEqualTo(VmState.VM_PAUSED);
            assertThat(get(cluster.stateHash(name)).getStateHash()).isEqualTo(hash.getStateHash());
        }
        assertThat(get(cluster.cloneVm(clone("a", "b", "h3"))).getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(get(cluster.cloneVm(clone("a", "c", "h1"))).getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(get(cluster.resume("still")).getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(get(cluster.stateHash("a")).getStateHash()).isEqualTo(hash.getStateHash());
    }

    @Test
    void clonesAreVmsLikeAnyOther() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        get(cluster.cloneVm(clone("a", "b", "")));
        get(cluster.cloneVm(clone("b", "c", "h2")));
        MigrationReport moved =
                get(cluster.migrationEnd(get(cluster.migrate(to("c", "h3"))).getNumber()));
        assertThat(moved.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        get(cluster.stop("a"));
        assertThat(get(cluster.cloneVm(clone("b", "a", ""))).getEpoch()).isEqualTo(2);
        for (String vm : List.of("a", "b", "c")) get(cluster.stop(vm));
        for (String host : List.of("h1", "h2", "h3")) assertThat(reserved(host)).isZero();
    }

    @Test
    void clonesGoElsewhereWhenThereIsNoRoomBesideTheFirst() {
        get(cluster.start());
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        CreateVmRequest.Builder large = ToyCluster.vm("large", "h1").toBuilder();
        large.getSpecBuilder().setMemoryBytes(50 << 20);
        get(cluster.createVm(large.build()));

        assertRefused(cluster.cloneVm(clone("a", "b", "h1")), Refusal.Kind.NO_ROOM, "h1", "VM b", "6 MiB are free");
        assertThat(get(cluster.cloneVm(clone("a", "b", ""))).getHost()).isNotEqualTo("h1");
        assertRefused(cluster.cloneVm(clone("large", "larger", "h1")), Refusal.Kind.NO_ROOM, "h1");
        assertOnly("a", "b", "large");
    }

    // ---- what is refused

    @Test
    void badRequestsGetOneLineEachAndLeaveNothing() {
        get(cluster.start());
        CreateVmRequest.Builder withDisk = ToyCluster.vm("disk", "h1").toBuilder();
        withDisk.getSpecBuilder().addDisks("disk.img");
        get(cluster.createVm(ToyCluster.vm("a", "h1")));
        get(cluster.createVm(withDisk.build()));

        assertRefused(cluster.cloneVm(clone("z", "b", "")), Refusal.Kind.NOT_FOUND, "'z'", "a, disk");
        assertRefused(cluster.cloneVm(clone("a", "disk", "")), Refusal.Kind.ALREADY_EXISTS, "VM disk", "h1");
        assertRefused(cluster.cloneVm(clone("a", "a", "h2")), Refusal.Kind.ALREADY_EXISTS, "VM a", "h1");
        assertRefused(cluster.cloneVm(clone("a", "", "")), Refusal.Kind.INVALID, "''", "letter or digit");
        assertRefused(cluster.cloneVm(clone("a", "..", "")), Refusal.Kind.INVALID, "'..'", "letter or digit");
        assertRefused(cluster.cloneVm(clone("a", "b", "h9")), Refusal.Kind.NOT_FOUND, "h9", "h1, h2, h3");
        assertRefused(
                cluster.cloneVm(clone("disk", "b", "")), Refusal.Kind.NOT_NOW, "VM b", "disk.img", "in use by VM disk");
        get(cluster.stop("a"));
        assertRefused(cluster.cloneVm(clone("a", "b", "")), Refusal.Kind.NOT_NOW, "VM a is stopped");
        get(cluster.failHost("h3"));
        assertRefused(cluster.cloneVm(clone("disk", "b", "h3")), Refusal.Kind.NOT_NOW, "in use by VM disk");
        assertOnly("a", "disk");
        assertThat(reserved("h2")).isZero();
    }

    @Test
    void vmsThatAreNotThereYetOrOnTheirWayAreNotCloned() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<Vm> early = cluster.at(0).cloneVm(clone("a", "b", ""));
        CompletableFuture<MigrationReport> migration = cluster.at(10 * MILLI).migrate(to("a", "h2"));
        CompletableFuture<Vm> late = cluster.at(20 * MILLI).cloneVm(clone("a", "b", ""));
        get(cluster.start());

        assertRefused(early, Refusal.Kind.NOT_NOW, "VM a is creating");
        assertRefused(late, Refusal.Kind.NOT_NOW, "VM a", "by migration 1");
        assertThat(get(cluster.migrationEnd(get(migration).getNumber())).getState())
                .isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(get(cluster.cloneVm(clone("a", "b", ""))).getHost()).isEqualTo("h2");
    }

    @Test
    void firstThatEndsBeforeItsStateIsSentLeavesNoSecond() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<Vm> cloned = cluster.at(30 * MILLI).cloneVm(clone("a", "b", "h2"));
        CompletableFuture<Vm> stopped = cluster.at(30 * MILLI + MILLI / 2).stop("a");
        get(cluster.start());

        assertThat(get(stopped).getState()).isEqualTo(VmState.VM_STOPPED);
        assertRefused(cloned, Refusal.Kind.NOT_NOW, "host h1 has no VM a");
        assertOnly("a");
        assertThat(reserved("h2")).isZero();
    }

    // ---- guests that suspend themselves

    private static CreateVmRequest suspending(String name, long afterCycles) {
        CreateVmRequest.Builder vm = ToyCluster.vm(name, "h1").toBuilder();
        vm.getSpecBuilder().putLabels("suspends-after", Long.toString(afterCycles));
        return vm.build();
    }

    @Test
    void guestThatSuspendsItselfIsClonedThenAndBothGoOn() {
        get(cluster.start());
        get(cluster.createVm(suspending("a", 2 * MILLI)));

        for (String host : List.of("", "h2")) {
            String name = "b" + host;
            assertThat(get(cluster.cloneVm(clone("a", name, host))).getState()).isEqualTo(VmState.VM_RUNNING);
            long before = get(cluster.stateHash(name)).getVirtualCycles();
            get(cluster.at(get(cluster.status()).getVirtualNanos() + 5 * MILLI).reached());
            assertThat(get(cluster.stateHash(name)).getVirtualCycles()).isGreaterThan(before);
        }
        assertThat(get(cluster.pause("a")).getState()).isEqualTo(VmState.VM_PAUSED);
        assertRefused(cluster.cloneVm(clone("a", "c", "")), Refusal.Kind.INVALID, "VM a is paused", "resume it first");
        assertRefused(
                cluster.cloneVm(clone("a", "c", "h2")), Refusal.Kind.NOT_NOW, "VM a is paused", "resume it first");
        assertOnly("a", "b", "bh2");
    }

    @Test
    void guestThatDoesNotSuspendItselfGoesOnAlone() {
        get(cluster.start());
        get(cluster.createVm(suspending("a", -1)));

        assertRefused(cluster.cloneVm(clone("a", "b", "")), Refusal.Kind.INVALID, "VM a", "has not suspended itself");
        assertRefused(cluster.cloneVm(clone("a", "b", "h2")), Refusal.Kind.NOT_NOW, "VM a", "has not suspended itself");
        assertOnly("a");
        assertThat(get(cluster.pause("a")).getState()).isEqualTo(VmState.VM_PAUSED);
        assertThat(reserved("h1")).isEqualTo(VM_BYTES);
        assertThat(reserved("h2")).isZero();
    }

    // ---- deaths

    @Test
    void deathOfTheTargetWhileTheStateIsOnItsWayLeavesTheFirstAlone() throws Exception {
        CreateVmRequest vm = ToyCluster.vm("a", "h1");
        cluster.at(0).createVm(vm);
        CompletableFuture<Vm> cloned = cluster.at(30 * MILLI).cloneVm(clone("a", "b", "h2"));
        cluster.at(50 * MILLI).failHost("h2");
        CompletableFuture<StateHashResponse> hash = cluster.at(SECOND).stateHash("a");
        get(cluster.start());

        assertRefused(cloned, Refusal.Kind.LOST, "host h2 died");
        assertThat(get(hash).getStateHash()).isEqualTo(undisturbed(vm, SECOND));
        assertOnly("a");
        assertThat(get(cluster.recoverHost("h2")).getState()).isEqualTo(HostState.HOST_UP);
        assertThat(reserved("h2")).isZero();
        assertThat(get(cluster.cloneVm(clone("a", "b", "h2"))).getState()).isEqualTo(VmState.VM_RUNNING);
    }

    @Test
    void deathOfTheSourceWhileTheStateIsOnItsWayLeavesNothingAtTheTarget() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<Vm> cloned = cluster.at(30 * MILLI).cloneVm(clone("a", "b", "h2"));
        cluster.at(50 * MILLI).failHost("h1");
        get(cluster.start());

        assertRefused(cloned, Refusal.Kind.LOST, "host h1 died");
        assertOnly("a");
        assertThat(get(cluster.vms()).getFirst().getState()).isEqualTo(VmState.VM_LOST);
        assertThat(reserved("h2")).isZero();
        get(cluster.createVm(ToyCluster.vm("b", "h2")));
    }

    @Test
    void whateverDiesWhenThereIsOneCloneOrNone() throws Exception {
        for (String victim : List.of("h1", "h2")) {
            for (long at = 30; at < 100; at += 3) {
                try (ToyCluster other = ToyCluster.of(2, 0, "n1")) {
                    ClusterControl control = other.control();
                    control.at(0).createVm(ToyCluster.vm("a", "h1"));
                    CompletableFuture<Vm> cloned = control.at(30 * MILLI).cloneVm(clone("a", "b", "h2"));
                    control.at(at * MILLI).failHost(victim);
                    CompletableFuture<List<Vm>> vms = control.at(300 * MILLI).vms();
                    CompletableFuture<List<Host>> hosts =
                            control.at(300 * MILLI).hosts();
                    get(control.start());

                    VmState first = victim.equals("h1") ? VmState.VM_LOST : VmState.VM_RUNNING;
                    assertThat(get(vms).getFirst().getState()).isEqualTo(first);
                    boolean made = get(cloned.handle((vm, refusal) -> vm != null));
                    assertThat(get(vms)).hasSize(made ? 2 : 1);
                    boolean runs = made && victim.equals("h1");
                    assertThat(get(hosts).get(1).getMemoryReservedBytes()).isEqualTo(runs ? VM_BYTES : 0);
                    if (runs) assertThat(get(vms).get(1).getState()).isEqualTo(VmState.VM_RUNNING);
                }
            }
        }
    }

    @Test
    void drainedTargetWaitsForTheCloneAndMovesItOn() {
        cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
        CompletableFuture<Vm> cloned = cluster.at(30 * MILLI).cloneVm(clone("a", "b", "h2"));
        CompletableFuture<Host> drained = cluster.at(50 * MILLI).drain("h2", MigrationParameters.getDefaultInstance());
        get(cluster.start());

        assertThat(get(cloned).getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(get(drained).getVmsList()).isEmpty();
        assertThat(get(cluster.vms()).get(1).getState()).isEqualTo(VmState.VM_RUNNING);
    }

    // ---- the journal

    @Test
    void journalRepeatsClones(@TempDir Path folder) throws Exception {
        Path journal = folder.resolve("journal");
        String[] hashes = new String[2];
        try (ToyCluster recorded = ToyCluster.of(0, 0, "n1")) {
            ClusterControl control = recorded.control();
            get(control.journalTo(journal));
            for (String host : List.of("h1", "h2")) control.defineHost(ToyCluster.host(host));
            control.at(0).createVm(ToyCluster.vm("a", "h1"));
            control.at(20 * MILLI).cloneVm(clone("a", "b", ""));
            control.at(40 * MILLI).cloneVm(paused("b", "c", "h2"));
            hashes[0] = hashes(control);
        }
        try (ToyCluster replayed = ToyCluster.of(0, 0, "n1")) {
            get(Replay.read(journal).into(replayed.control(), refusal -> {}));
            hashes[1] = hashes(replayed.control());
        }
        assertThat(hashes[1]).isEqualTo(hashes[0]);
    }

    private static String hashes(ClusterControl control) {
        ClusterControl then = control.at(500 * MILLI);
        List<CompletableFuture<StateHashResponse>> answers =
                List.of(then.stateHash("a"), then.stateHash("b"), then.stateHash("c"));
        get(control.start());
        return answers.stream()
                .map(answer -> get(answer).getStateHash())
                .toList()
                .toString();
    }
}
