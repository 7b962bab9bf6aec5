package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.ToyMachine;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Migrations hit by faults at random moments: no VM is lost that has a living host, and none runs twice. The seed is printed;
 * {@code -Dsimvisor.faults.seed=N} repeats a run, {@code -Dsimvisor.faults.count=N} changes its length.
 */
class MigrationFaultsTest {
    private static final long SEED = Long.getLong("simvisor.faults.seed", System.nanoTime());
    /** Of the hosts, in turn: the source and the target of a migration differ. */
    private static final List<String> MODES = List.of("translate", "hardware");

    /** In turn, whatever the modes are. */
    private static final List<MigrationAlgorithm> ALGORITHMS = List.of(
            MigrationAlgorithm.PRE_COPY,
            MigrationAlgorithm.PRE_COPY,
            MigrationAlgorithm.POST_COPY,
            MigrationAlgorithm.POST_COPY,
            MigrationAlgorithm.HYBRID,
            MigrationAlgorithm.HYBRID);

    private static final int MIGRATIONS = Integer.getInteger("simvisor.faults.count", 200);

    /** What happens to a migration. */
    private enum Fault {
        NONE,
        CANCEL,
        /** A host dies at a virtual time. */
        SOURCE_FAILS,
        TARGET_FAILS,
        /** A node dies in the middle of a window, streams and all, at a time on the wall. */
        SOURCE_NODE_DIES,
        TARGET_NODE_DIES;

        boolean sparesSource() {
            return this != SOURCE_FAILS && this != SOURCE_NODE_DIES;
        }
    }

    private final Random random = new Random(SEED);
    private final Map<String, List<ToyMachine>> machines = Collections.synchronizedMap(new TreeMap<>());
    private final Map<String, List<ToyMachine>> machinesOfHosts = Collections.synchronizedMap(new TreeMap<>());
    private final Map<String, Integer> outcomes = new TreeMap<>();
    private long longestNanos;

    @Test
    void everyVmEndsAtExactlyOneSide() throws Exception {
        System.out.println("MigrationFaultsTest: seed " + SEED);
        try (EmbeddedCluster cluster = EmbeddedCluster.start(List.of(), FitPlacement.FIRST_FIT, this::machinesOf, 0)) {
            for (int i = 0; i < MIGRATIONS; i++) {
                Fault fault = i == 0 ? Fault.NONE : Fault.values()[random.nextInt(Fault.values().length)];
                try {
                    migrate(cluster, i, fault);
                } catch (AssertionError e) {
                    throw new AssertionError(
                            "seed " + SEED + ", migration " + i + ", " + fault + ": " + e.getMessage(), e);
                }
            }
        }
        System.out.println("MigrationFaultsTest: " + outcomes);
    }

    private ToyMachines machinesOf(HostSpec spec) {
        return new ToyMachines(spec.getMemoryBytes(), machine -> {
            add(machines, machine.name(), machine);
            add(machinesOfHosts, spec.getName(), machine);
        });
    }

    private static void add(Map<String, List<ToyMachine>> lists, String name, ToyMachine machine) {
        lists.computeIfAbsent(name, key -> Collections.synchronizedList(new ArrayList<>()))
                .add(machine);
    }

    private void migrate(EmbeddedCluster embedded, int number, Fault fault) throws Exception {
        ClusterControl cluster = embedded.control();
        String vm = "vm" + number;
        String source = "s" + number;
        String target = "t" + number;
        addHost(embedded, source, sourceMode(number));
        addHost(embedded, target, targetMode(number));
        long base = get(cluster.status()).getVirtualNanos();
        List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Vm> created = cluster.at(base).createVm(vm(vm, source, number));
        cluster.at(base + MILLI / 2).reached().thenRun(() -> cluster.console(vm, true, said::add, () -> {}));
        MigrationAlgorithm algorithm = ALGORITHMS.get(number % ALGORITHMS.size());
        MigrationParameters.Builder parameters = MigrationParameters.newBuilder()
                .setAlgorithm(algorithm)
                .setDowntimeLimitNanos(10 * MILLI)
                .setAutoConverge(number % 2 == 1)
                .setDeltaCacheBytes(number % 3 * (1L << 20));
        if (algorithm != MigrationAlgorithm.POST_COPY) {
            parameters.setChannels(number % 4).setCompressionValue(number % 5 % 2);
        }
        CompletableFuture<MigrationReport> accepted = cluster.at(base + 20 * MILLI)
                .migrate(MigrateRequest.newBuilder()
                        .setVm(vm)
                        .setTarget(target)
                        .setParameters(parameters)
                        .build());
        CompletableFuture<?> struck = strike(embedded, fault, accepted, source, target, base + 20 * MILLI + moment());
        get(cluster.start());
        get(created);
        MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
        if (number == 0) {
            longestNanos = report.getTotalNanos();
        }
        get(struck);
        awaitDeath(cluster, fault, source, target);
        settle(cluster);
        check(cluster, vm, number, report, fault, said);
        outcomes.merge(algorithm + " " + fault + " " + report.getState(), 1, Integer::sum);
        machines.remove(vm);
        embedded.killNode("n" + source);
        embedded.killNode("n" + target);
        machines.clear();
        machinesOfHosts.clear();
    }

    private static String sourceMode(int migration) {
        return MODES.get(migration % MODES.size());
    }

    private static String targetMode(int migration) {
        return MODES.get((migration + 1) % MODES.size());
    }

    private static CreateVmRequest vm(String name, String host, int migration) {
        CreateVmRequest request = ToyCluster.vm(name, host);
        return request.toBuilder()
                .setSpec(request.getSpec().toBuilder()
                        .setMode(sourceMode(migration))
                        // Two of three have to suspend themselves before they can be handed over.
                        .putLabels("suspends-after", Integer.toString(migration % 3 * 1_500_000)))
                .build();
    }

    private static void addHost(EmbeddedCluster cluster, String name, String mode) throws Exception {
        cluster.addNode("n" + name);
        HostSpec spec = ToyCluster.host(name).toBuilder()
                .setNode("n" + name)
                .addModes(mode)
                .build();
        get(cluster.control().defineHost(spec));
    }

    /** Half of the moments are spread over the migration, the other half lies around the hand-over. */
    private long moment() {
        long end = Math.max(1, longestNanos + 2 * MILLI);
        return random.nextBoolean() ? random.nextLong(end) : Math.max(0, end - random.nextLong(10 * MILLI));
    }

    /** Completes when a blow on the wall clock has fallen; those on the virtual clock fall before the migration is settled. */
    private CompletableFuture<?> strike(
            EmbeddedCluster cluster,
            Fault fault,
            CompletableFuture<MigrationReport> accepted,
            String source,
            String target,
            long nanos) {
        long wallMicros = random.nextInt(40_000);
        ClusterControl control = cluster.control();
        return switch (fault) {
            case NONE -> CompletableFuture.completedFuture(null);
            case CANCEL -> accepted.thenAccept(report -> control.at(nanos).cancelMigration(report.getNumber()));
            case SOURCE_FAILS -> control.at(nanos).failHost(source);
            case TARGET_FAILS -> control.at(nanos).failHost(target);
            case SOURCE_NODE_DIES -> later(accepted, wallMicros, () -> cluster.killNode("n" + source));
            case TARGET_NODE_DIES -> later(accepted, wallMicros, () -> cluster.killNode("n" + target));
        };
    }

    private static CompletableFuture<?> later(CompletableFuture<?> after, long micros, Runnable what) {
        return after.thenRunAsync(what, CompletableFuture.delayedExecutor(micros, TimeUnit.MICROSECONDS));
    }

    /**
     * A killed node may have died after the migration's end: its VMs are lost once the controller has heard of it. One in this
     * process ends the window that it is in, which a killed process would not: until its machines are closed they may run.
     */
    private void awaitDeath(ClusterControl cluster, Fault fault, String source, String target) {
        String dead = switch (fault) {
            case SOURCE_NODE_DIES -> source;
            case TARGET_NODE_DIES -> target;
            case NONE, CANCEL, SOURCE_FAILS, TARGET_FAILS -> "";
        };
        if (dead.isEmpty()) return;
        await().until(() -> !get(cluster.nodes()).contains("n" + dead));
        await().until(() -> List.copyOf(machinesOfHosts.getOrDefault(dead, List.of())).stream()
                .allMatch(ToyMachine::isClosed));
    }

    /** Lets everything that is under way arrive, then lets time stand. */
    private static void settle(ClusterControl cluster) {
        long now = get(cluster.status()).getVirtualNanos();
        get(cluster.at(now + 50 * MILLI).hold());
    }

    private void check(
            ClusterControl cluster,
            String name,
            int number,
            MigrationReport report,
            Fault fault,
            List<ConsoleOutput> said)
            throws Exception {
        Vm vm = get(cluster.vms()).stream()
                .filter(one -> one.getSpec().getName().equals(name))
                .findFirst()
                .orElseThrow();
        // Of one that was handed over by post-copy and then lost, the report says that it failed.
        boolean committed = vm.getEpoch() == 2;
        if (fault.sparesSource() && (fault != Fault.TARGET_FAILS && fault != Fault.TARGET_NODE_DIES || !committed)) {
            assertThat(vm.getState()).as(report.toString()).isEqualTo(VmState.VM_RUNNING);
        }
        if (vm.getState() == VmState.VM_RUNNING) {
            assertThat(vm.getHost()).isEqualTo(committed ? report.getTarget() : report.getSource());
            assertThat(vm.getMode()).isEqualTo(committed ? targetMode(number) : sourceMode(number));
            assertThat(report.getState() == MigrationState.MIGRATION_COMPLETED).isEqualTo(committed);
        } else {
            assertThat(vm.getState()).isEqualTo(VmState.VM_LOST);
        }
        assertThat(movingMachines(cluster, name))
                .as("machines that run VM %s after %s", vm, report)
                .isEqualTo(vm.getState() == VmState.VM_RUNNING ? 1 : 0);
        checkConsole(List.copyOf(said));
    }

    /** How many machines of a VM execute when time goes on. */
    private long movingMachines(ClusterControl cluster, String vm) {
        List<ToyMachine> all = List.copyOf(machines.getOrDefault(vm, List.of()));
        List<Long> before = all.stream().map(ToyMachine::cycles).toList();
        get(cluster.start());
        settle(cluster);
        long moving = 0;
        for (int i = 0; i < all.size(); i++) {
            moving += all.get(i).cycles() > before.get(i) ? 1 : 0;
        }
        return moving;
    }

    private static void checkConsole(List<ConsoleOutput> said) {
        long offset = 0;
        StringBuilder text = new StringBuilder();
        for (ConsoleOutput piece : said) {
            assertThat(piece.getOffset()).isEqualTo(offset);
            offset += piece.getBytes().size();
            text.append(piece.getBytes().toStringUtf8());
        }
        long line = 0;
        for (String printed : text.toString().lines().toList()) {
            assertThat(printed).startsWith("line " + line++ + " at ");
        }
    }
}
