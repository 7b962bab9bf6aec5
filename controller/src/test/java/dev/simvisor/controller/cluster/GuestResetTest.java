package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.machine.TinyKernel;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.MultibootBoot;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests that reset their VMs, on one host and on the way to another. */
class GuestResetTest {
    /**
     * Counts up from '0' in memory, says what that comes to, works a little, and resets the machine by port CF9h; all that takes
     * some tens of microseconds, and a millisecond passes before it starts again.
     */
    private static final String RESTLESS = "ff 05 00 00 20 00 a0 00 00 20 00 04 30 ba f8 03 00 00 ee"
            + "b9 00 20 00 00 ff 05 00 10 20 00 e2 f8 ba f9 0c 00 00 b0 06 ee eb fe";

    @TempDir
    private Path folder;

    /** What must be the same whatever the windows and wherever the hosts are. */
    private record Outcome(String text, MigrationReport report, String hash, int resets, List<Long> resetNanos) {}

    private static MigrateRequest request(MigrationAlgorithm algorithm) {
        return MigrateRequest.newBuilder()
                .setVm("a")
                .setTarget("h2")
                .setParameters(
                        MigrationParameters.newBuilder().setAlgorithm(algorithm).setDowntimeLimitNanos(10 * MILLI))
                .build();
    }

    /** Runs a VM of host h1 for a second, in the midst of which it moves to h2. */
    private static Outcome move(ClusterControl cluster, CreateVmRequest vm, MigrateRequest request, long... typed) {
        List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
        List<Event> events = Collections.synchronizedList(new ArrayList<>());
        cluster.watch(1, events::add);
        cluster.at(0).createVm(vm);
        cluster.at(2 * MILLI).reached().thenRun(() -> cluster.console("a", true, said::add, () -> {}));
        CompletableFuture<MigrationReport> accepted = cluster.at(200 * MILLI).migrate(request);
        for (long nanos : typed) cluster.at(nanos).type("a", "@".getBytes());
        CompletableFuture<StateHashResponse> hash = cluster.at(SECOND).stateHash("a");
        CompletableFuture<Void> held = cluster.at(SECOND + 5 * MILLI).hold();
        get(cluster.start());
        MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
        String finalHash = get(hash).getStateHash();
        get(held);
        Vm last = get(cluster.vms()).getFirst();
        assertThat(last.getState()).isEqualTo(VmState.VM_RUNNING);
        assertThat(last.getReason()).isEmpty();
        return new Outcome(
                said.stream().map(piece -> piece.getBytes().toStringUtf8()).collect(Collectors.joining()),
                LiveMigrationTest.withoutWallClock(report),
                finalHash,
                last.getResets(),
                events.stream()
                        .filter(event -> event.getVm().getReason().equals("reset by the guest"))
                        .map(Event::getVirtualNanos)
                        .toList());
    }

    private static Outcome moveToy(MigrationAlgorithm algorithm, long maxWindow, String... nodes) throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, maxWindow, nodes)) {
            return move(
                    toys.control(),
                    ToyCluster.vm("a", "h1"),
                    request(algorithm),
                    100 * MILLI,
                    220 * MILLI,
                    700 * MILLI);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = MigrationAlgorithm.class,
            names = {"PRE_COPY", "POST_COPY", "HYBRID"})
    void aResetBeforeDuringAndAfterAMigrationIsCountedAndNothingIsLost(MigrationAlgorithm algorithm) throws Exception {
        Outcome outcome = moveToy(algorithm, 0, "n1");
        assertThat(outcome.report().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(outcome.report().getSourceStateHash())
                .isEqualTo(outcome.report().getTargetStateHash());
        assertThat(outcome.resets()).isEqualTo(3);
        assertThat(outcome.resetNanos()).hasSize(3).first().isEqualTo(101 * MILLI);
        assertThat(moveToy(algorithm, 300_000, "n1", "n2")).isEqualTo(outcome);
    }

    private Outcome moveRestless(String mode, long maxWindow, String... nodes) throws Exception {
        Path kernel = Files.write(
                folder.resolve("kernel.elf"),
                TinyKernel.of(RESTLESS).images().getFirst().bytes());
        VmSpec.Builder spec = VmSpec.newBuilder()
                .setName("a")
                .setMode(mode)
                .setMemoryBytes(16 << 20)
                .setBoot(Boot.newBuilder()
                        .setMultiboot(MultibootBoot.newBuilder().setKernel(kernel.toString())));
        try (EmbeddedCluster cluster =
                EmbeddedCluster.start(List.of(nodes), FitPlacement.WORST_FIT, HostedMachines::new, maxWindow)) {
            for (String name : List.of("h1", "h2")) {
                get(cluster.control()
                        .defineHost(ToyCluster.host(name).toBuilder()
                                .addModes(mode)
                                .setClockHz(100_000_000)
                                .build()));
            }
            return move(
                    cluster.control(),
                    CreateVmRequest.newBuilder().setHost("h1").setSpec(spec).build(),
                    request(MigrationAlgorithm.PRE_COPY));
        }
    }

    @Test
    void aGuestThatDoesNothingButResetItsMachineMovesAllTheSame() throws Exception {
        Outcome outcome = moveRestless("hardware", 0, "n1");
        assertThat(outcome.report().getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(outcome.text()).matches("1{500,}");
        assertThat(outcome.resets()).isGreaterThan(500);
        assertThat(moveRestless("hardware", 300_000, "n1", "n2")).isEqualTo(outcome);
    }
}
