package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody does this and that with a cluster, when it pleases them; the same happens when the journal of it is replayed. A seed
 * gives what is asked for, not when: that is the wall clock's.
 */
class RandomReplayTest {
    private static final int RUNS = Integer.getInteger("simvisor.replays", 12);
    private static final int COMMANDS = 40;
    private static final List<String> HOSTS = List.of("h1", "h2", "h3");
    private static final List<String> VMS = List.of("a", "b", "c", "d", "e");
    private static final List<MigrationAlgorithm> ALGORITHMS = List.of(
            MigrationAlgorithm.PRE_COPY,
            MigrationAlgorithm.STOP_AND_COPY,
            MigrationAlgorithm.POST_COPY,
            MigrationAlgorithm.HYBRID);

    private static <T> T any(Random random, List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** What can be known of a run at its end, but for what is the wall clock's, and how far hosts had come when they last said so. */
    private record Outcome(List<String> events, List<String> hashes, List<String> consoles) {}

    private static Outcome outcome(ClusterControl control, long endNanos, Runnable begin) {
        List<Event> events = Collections.synchronizedList(new ArrayList<>());
        ClusterControl end = control.at(endNanos);
        List<CompletableFuture<String>> hashes = VMS.stream()
                .map(vm -> end.stateHash(vm)
                        .handle((hash, refusal) ->
                                vm + " " + (refusal == null ? hash.getStateHash() : refusal.getMessage())))
                .toList();
        CompletableFuture<Void> held = control.at(endNanos + 10 * MILLI).hold();
        begin.run();
        get(held);
        try (ClusterControl.Subscription watched = control.watch(1, events::add)) {
            get(control.vms());
        }
        return new Outcome(
                events.stream()
                        .filter(event -> !event.hasNode())
                        .filter(event -> event.getVirtualNanos() <= endNanos)
                        .map(RandomReplayTest::text)
                        .toList(),
                hashes.stream().map(ToyCluster::get).toList(),
                VMS.stream().map(vm -> console(control, vm)).toList());
    }

    private static String console(ClusterControl control, String vm) {
        StringBuffer said = new StringBuffer();
        try (ClusterControl.Subscription console = control.console(
                vm,
                true,
                piece -> said.append(piece.getOffset())
                        .append(' ')
                        .append(piece.getBytes().toStringUtf8()),
                () -> {})) {
            get(control.vms());
        }
        return said.toString();
    }

    private static String text(Event event) {
        Event.Builder virtual = event.toBuilder().clearNumber();
        if (virtual.hasVm()) {
            virtual.getVmBuilder()
                    .clearVirtualCycles()
                    .clearInstructions()
                    .clearConsoleBytes()
                    .clearExits();
        }
        if (virtual.hasMigration()) {
            virtual.setMigration(LiveMigrationTest.withoutWallClock(event.getMigration()));
        }
        if (virtual.hasHost()) {
            virtual.getHostBuilder().clearNode();
        }
        return virtual.build().toString();
    }

    private static void ask(ClusterControl control, Random random) {
        String vm = any(random, VMS);
        String host = any(random, HOSTS);
        CompletableFuture<?> answer = switch (random.nextInt(14)) {
            case 0, 1, 2 -> control.createVm(vm(vm, random.nextBoolean() ? host : "", random));
            case 3 -> control.pause(vm);
            case 4 -> control.resume(vm);
            case 5 -> control.stop(vm);
            case 6, 7 ->
                control.type(vm, any(random, List.of("hello", "!", "@")).getBytes(StandardCharsets.US_ASCII));
            case 8 ->
                control.cloneVm(CloneVmRequest.newBuilder()
                        .setVm(vm)
                        .setName(any(random, VMS))
                        .setHost(random.nextBoolean() ? host : "")
                        .build());
            case 9, 10, 11 ->
                control.migrate(MigrateRequest.newBuilder()
                        .setVm(vm)
                        .setTarget(random.nextBoolean() ? host : "")
                        .setParameters(MigrationParameters.newBuilder().setAlgorithm(any(random, ALGORITHMS)))
                        .build());
            case 12 -> control.cancelMigration(1 + random.nextInt(8));
            default ->
                random.nextInt(3) == 0
                        ? control.failHost(host)
                        : random.nextBoolean()
                                ? control.recoverHost(host)
                                : control.drain(host, MigrationParameters.getDefaultInstance());
        };
        answer.exceptionally(refusal -> null);
    }

    private static CreateVmRequest vm(String name, String host, Random random) {
        CreateVmRequest.Builder vm = ToyCluster.vm(name, host).toBuilder();
        if (random.nextInt(3) == 0) vm.getSpecBuilder().putLabels("suspends-after", "1500000");
        if (random.nextInt(3) == 0) vm.getSpecBuilder().putLabels("resets-at", "20000000");
        return vm.build();
    }

    @Test
    void replayIsTheRun(@TempDir Path folder) throws IOException {
        long seed = Long.getLong("simvisor.seed", System.nanoTime());
        System.out.println("RandomReplayTest: seed " + seed);
        Random random = new Random(seed);
        int granted = 0;
        int events = 0;
        for (int run = 0; run < RUNS; run++) {
            Path journal = folder.resolve("journal-" + run);
            long endNanos;
            Outcome recorded;
            try (ToyCluster toys = ToyCluster.of(0, 0, "n1", "n2")) {
                ClusterControl control = toys.control();
                get(control.journalTo(journal));
                for (String host : HOSTS) get(control.defineHost(ToyCluster.host(host)));
                get(control.start());
                for (int i = 0; i < COMMANDS; i++) {
                    ask(control, random);
                    if (random.nextBoolean()) LockSupport.parkNanos(random.nextInt(20_000_000));
                }
                get(control.hold()); // until it is settled when the end is
                endNanos = get(control.status()).getVirtualNanos() + 300 * MILLI;
                recorded = outcome(control, endNanos, () -> get(control.start()));
            }
            try (ToyCluster toys = ToyCluster.of(0, 0, "n1")) {
                Replay replay = Replay.read(journal);
                get(replay.into(toys.control(), refusal -> {}));
                Outcome replayed = outcome(
                        toys.control(), endNanos, () -> get(toys.control().start()));
                assertThat(replayed)
                        .as("run %d of seed %d, whose journal is%n%s", run, seed, Files.readString(journal))
                        .isEqualTo(recorded);
                granted += replay.commands().size();
                events += replayed.events().size();
            }
        }
        System.out.println("RandomReplayTest: " + granted + " commands granted, " + events + " events compared");
        assertThat(granted).isGreaterThan(RUNS * COMMANDS / 8);
        assertThat(events).isGreaterThan(granted);
    }
}
