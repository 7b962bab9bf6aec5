package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.config.HostType;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.PowerModelSpec;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of a VM a host must have, and what is said when it has not: in every case before anything is sent. */
class AdmissionTest {
    /** What baseline has and a Pentium 4 has not. */
    private static final String MISSING =
            "40-bit physical addresses, arat, constant_tsc, lahf_lm, movbe, popcnt, rdtscp,"
                    + " smap, smep, tsc_adjust, tsc_deadline_timer";

    @TempDir
    private Path directory;

    private ToyCluster toys;
    private ClusterControl cluster;

    @BeforeEach
    void start() throws Exception {
        toys = ToyCluster.of(0, 0, "n1");
        cluster = toys.control();
        get(cluster.defineHost(host("translating", "bare", "trap", "translate")));
        get(cluster.defineHost(host("assisted", "bare", "hardware")));
        get(cluster.start());
    }

    @AfterEach
    void stop() {
        toys.close();
    }

    private static HostSpec host(String name, String... modes) {
        return ToyCluster.host(name).toBuilder().addAllModes(List.of(modes)).build();
    }

    private static CreateVmRequest vm(String name, String host, String mode, String cpuModel) {
        CreateVmRequest request = ToyCluster.vm(name, host);
        VmSpec.Builder spec = request.getSpec().toBuilder().setMode(mode).setCpuModel(cpuModel);
        return request.toBuilder().setSpec(spec).build();
    }

    private void addOldHost() {
        get(cluster.defineHost(host("old", "bare", "translate").toBuilder()
                .setCpuModel("pentium-4")
                .build()));
    }

    private MigrationReport migrate(String vm, String target) {
        MigrationReport accepted = get(cluster.migrate(to(vm, target)));
        return get(cluster.migrationEnd(accepted.getNumber()));
    }

    private static MigrateRequest to(String vm, String target) {
        return MigrateRequest.newBuilder().setVm(vm).setTarget(target).build();
    }

    private Vm theVm() {
        return get(cluster.vms()).getFirst();
    }

    private static void assertRefused(CompletableFuture<?> answer, Refusal.Kind kind, String message) {
        assertThatThrownBy(() -> answer.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.kind()).isEqualTo(kind))
                .hasMessage(message);
    }

    // ---- modes

    @Test
    void vmOfModeTranslateRunsInHardwareWhereItMustAndInTranslateWhereItCan() {
        assertThat(get(cluster.createVm(vm("a", "translating", "translate", "")))
                        .getMode())
                .isEqualTo("translate");

        assertThat(migrate("a", "assisted").getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(theVm().getMode()).isEqualTo("hardware");
        assertThat(theVm().getSpec().getMode()).isEqualTo("translate");

        assertThat(migrate("a", "translating").getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(theVm().getMode()).isEqualTo("translate");
    }

    @Test
    void placementFindsTheHostThatCarriesTheVmOnInTheOtherMode() {
        get(cluster.createVm(vm("a", "assisted", "hardware", "")));

        assertThat(migrate("a", "").getTarget()).isEqualTo("translating");
        assertThat(theVm().getMode()).isEqualTo("translate");
    }

    @Test
    void snapshotTakenInHardwareIsRestoredInTranslate() {
        get(cluster.createVm(vm("a", "assisted", "hardware", "")));
        Path file = directory.resolve("a.vm");
        String hash = get(cluster.snapshot("a", file.toString())).getStateHash();

        Vm twin = get(cluster.restore(RestoreVmRequest.newBuilder()
                .setFile(file.toString())
                .setName("twin")
                .setHost("translating")
                .setPaused(true)
                .build()));

        assertThat(twin.getMode()).isEqualTo("translate");
        assertThat(twin.getSpec().getMode()).isEqualTo("hardware");
        assertThat(get(cluster.stateHash("twin")).getStateHash()).isEqualTo(hash);
    }

    @Test
    void otherModesDoNotStandInForEachOther() {
        get(cluster.defineHost(host("plain", "bare", "trap")));
        get(cluster.createVm(vm("a", "assisted", "hardware", "")));
        get(cluster.createVm(vm("b", "translating", "trap", "")));

        assertRefused(
                cluster.migrate(to("a", "plain")),
                Refusal.Kind.INVALID,
                "host plain supports neither mode hardware of VM a nor translate, which could carry it on:"
                        + " it supports bare, trap");
        assertRefused(
                cluster.migrate(to("b", "assisted")),
                Refusal.Kind.INVALID,
                "host assisted does not support mode trap: expected one of bare, hardware");
        assertRefused(
                cluster.createVm(vm("c", "translating", "hardware", "")),
                Refusal.Kind.INVALID,
                "host translating does not support mode hardware: expected one of bare, trap, translate");
        assertThat(get(cluster.migrations())).isEmpty();
    }

    @Test
    void paravirtualVmMovesWhereItsModeIsAndNowhereElse() {
        get(cluster.defineHost(host("one", "para")));
        get(cluster.defineHost(host("other", "para")));
        get(cluster.createVm(vm("a", "one", "para", "")));

        assertRefused(
                cluster.migrate(to("a", "assisted")),
                Refusal.Kind.INVALID,
                "host assisted does not support mode para: expected one of bare, hardware");
        assertThat(migrate("a", "").getTarget()).isEqualTo("other");
        assertThat(theVm().getMode()).isEqualTo("para");
    }

    // ---- disks

    @Test
    void diskBelongsToOneVmUntilThatHasEnded() {
        get(cluster.createVm(withDisk("a", "/disk")));
        assertRefused(
                cluster.createVm(withDisk("b", "/disk")), Refusal.Kind.NOT_NOW, "VM b: disk /disk is in use by VM a");
        get(cluster.createVm(withDisk("c", "/other")));
        get(cluster.stop("a"));
        get(cluster.createVm(withDisk("b", "/disk")));
    }

    @Test
    void vmHasADiskOnce() {
        CreateVmRequest.Builder twice = withDisk("a", "/disk").toBuilder();
        twice.getSpecBuilder().addDisks("/disk");

        assertRefused(cluster.createVm(twice.build()), Refusal.Kind.INVALID, "VM a: disk /disk is given twice");
    }

    private static CreateVmRequest withDisk(String name, String disk) {
        CreateVmRequest.Builder request = vm(name, "translating", "bare", "").toBuilder();
        request.getSpecBuilder().addDisks(disk);
        return request.build();
    }

    // ---- processors

    @Test
    void vmKeepsTheProcessorOfTheHostItIsCreatedOn() {
        addOldHost();
        assertThat(get(cluster.createVm(vm("a", "old", "translate", "")))
                        .getSpec()
                        .getCpuModel())
                .isEqualTo("pentium-4");

        assertThat(migrate("a", "assisted").getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(theVm().getSpec().getCpuModel()).isEqualTo("pentium-4");
        assertThat(migrate("a", "old").getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
    }

    @Test
    void hostWithoutTheFeaturesOfAVmIsRefusedByThem() {
        addOldHost();
        get(cluster.createVm(vm("a", "translating", "translate", "")));
        String lacks = "host old cannot run VM %s: its processor, a pentium-4, lacks features of the VM's CPU model,"
                + " baseline: " + MISSING;

        assertRefused(cluster.migrate(to("a", "old")), Refusal.Kind.INVALID, lacks.formatted("a"));
        assertRefused(cluster.createVm(vm("b", "old", "", "baseline")), Refusal.Kind.INVALID, lacks.formatted("b"));
        assertThat(get(cluster.migrations())).isEmpty();
        assertThat(theVm().getHost()).isEqualTo("translating");
    }

    @Test
    void placementNamesTheFeaturesThatNoHostHas() {
        get(cluster.failHost("assisted"));
        addOldHost();
        get(cluster.createVm(vm("a", "translating", "translate", "")));
        String nowhere = "VM a: no host has room for 8 MiB and supports mode translate or hardware; host old lacks "
                + MISSING + " of CPU model baseline";

        assertRefused(cluster.migrate(to("a", "")), Refusal.Kind.NO_ROOM, nowhere);
        assertRefused(
                cluster.drain("translating", MigrationParameters.getDefaultInstance()),
                Refusal.Kind.NOT_NOW,
                "host translating: stayed: a: " + nowhere);
    }

    @Test
    void vmPinnedToTheOlderModelMovesBothWays() {
        addOldHost();
        get(cluster.createVm(vm("a", "assisted", "hardware", "pentium-4")));

        assertThat(migrate("a", "old").getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(migrate("a", "assisted").getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
    }

    @Test
    void unknownModelIsRefusedForVmAndHost() {
        assertRefused(
                cluster.createVm(vm("a", "", "", "z80")),
                Refusal.Kind.INVALID,
                "VM a: unknown CPU model 'z80': expected one of baseline, pentium-4");
        assertRefused(
                cluster.defineHost(
                        host("odd", "bare").toBuilder().setCpuModel("z80").build()),
                Refusal.Kind.INVALID,
                "host odd: unknown CPU model 'z80': expected one of baseline, pentium-4");
    }

    @Test
    void powerOfLessThanTwoFiguresIsRefused() {
        assertRefused(
                cluster.defineHost(host("odd", "bare").toBuilder()
                        .setPower(PowerModelSpec.newBuilder().addMilliwatts(1))
                        .build()),
                Refusal.Kind.INVALID,
                "host odd: power of 1 figures: expected two or more, none above 1000000000000 mW");
        assertRefused(
                cluster.defineHost(
                        host("odd", "bare").toBuilder().setClockHz(999).build()),
                Refusal.Kind.INVALID,
                "host odd: a clock of 999 Hz: expected 0 for the default, or from 1000000 to 1000000000000");
        assertRefused(
                cluster.defineHost(
                        host("odd", "bare").toBuilder().setClockHz(-1).build()),
                Refusal.Kind.INVALID,
                "host odd: a clock of 18446744073709551615 Hz: expected 0 for the default, or from 1000000 to 1000000000000");
    }

    /** Beyond that, nobody could count its frames. */
    @Test
    void memoryBeyondWhatAHostCanCountIsRefused() {
        HostSpec most = host("most", "bare").toBuilder()
                .setMemoryBytes(HostType.MOST_MEMORY.bytes())
                .build();
        get(cluster.defineHost(most));
        MachineMemory.ofBytes(most.getMemoryBytes()).close();
        assertRefused(
                cluster.defineHost(host("odd", "bare").toBuilder()
                        .setMemoryBytes(most.getMemoryBytes() + 4096)
                        .build()),
                Refusal.Kind.INVALID,
                "host odd: " + (most.getMemoryBytes() + 4096) + " bytes of memory: expected at most 8191G");
    }

    /** The one host would be the first as a text, the other as a number. */
    @Test
    void firstFitCountsHostsAsPeopleDo() {
        get(cluster.defineHost(host("a-10", "bare")));
        get(cluster.defineHost(host("a-2", "bare")));

        assertThat(get(cluster.createVm(vm("v", "", "", ""))).getHost()).isEqualTo("a-2");
    }

    @Test
    void runningGuestStaysWithTheRateOfItsClock() {
        get(cluster.defineHost(
                host("slow", "bare").toBuilder().setClockHz(100_000_000).build()));
        get(cluster.createVm(vm("a", "assisted", "", "")));

        assertRefused(
                cluster.migrate(to("a", "slow")),
                Refusal.Kind.INVALID,
                "host slow cannot carry on VM a: its clock runs at 100000000 Hz, the VM's at 1000000000 Hz");
    }
}
