package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.cluster.FaultPlan.Blow;
import dev.simvisor.controller.cluster.FaultPlan.Fault;
import dev.simvisor.controller.cluster.MigrationPhases.Phase;
import dev.simvisor.controller.cluster.NodePool.Member;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Migrations of a running guest between node processes that are killed, or that are cancelled, at random moments: a VM whose
 * host lives is never lost, and none ever runs at two places. The nodes leave testimonies of what they execute, so that the
 * verdict does not rest on what the controller believes.
 *
 * <p>The hosts support one mode each, in turn {@code translate} and {@code hardware}, so that every migration changes the mode.
 * {@code -Dmodes=bare} has them all in one.
 *
 * <p>The seed is printed; {@code -Dseed=N} repeats a plan, {@code -Dmigrations=N} changes its length.
 */
class ProcessFaultsIT {
    private static final long SEED = Long.getLong("seed", System.nanoTime());
    private static final int MIGRATIONS = Integer.getInteger("migrations", 24);
    private static final List<String> MODES =
            List.of(System.getProperty("modes", "translate,hardware").split(","));
    private static final Pattern TICK = Pattern.compile("tick ([0-9]+)\r\n");

    @TempDir
    private Path testimonies;

    private final FaultPlan plan = FaultPlan.of(SEED, MIGRATIONS);
    /** When the phases of an undisturbed migration begin, by the moment at which it was asked for. */
    private final Map<Long, MigrationPhases> phases = new TreeMap<>();

    private final Map<String, Integer> outcomes = new TreeMap<>();
    private final Map<String, Integer> directions = new TreeMap<>();
    private final Map<Fault, Map<Phase, Integer>> struck = new EnumMap<>(Fault.class);

    @Test
    void everyVmRunsOnExactlyOneHostOrHasDiedWithIt() throws Exception {
        System.out.println("ProcessFaultsIT: seed " + SEED + ", " + MIGRATIONS + " migrations");
        long began = System.nanoTime();
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodePool nodes = new NodePool(controller, MODES, testimonies)) {
            for (Blow blow : plan.blows()) {
                try {
                    new Attempt(controller.control(), nodes, blow).run();
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError("seed " + SEED + ", " + blow + ": " + e.getMessage(), e);
                }
            }
            nodes.dismiss();
            System.out.printf(
                    "ProcessFaultsIT: %d migrations, %d processes in %d s, a death noticed within %d ms%n",
                    MIGRATIONS,
                    nodes.started(),
                    TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began),
                    TimeUnit.NANOSECONDS.toMillis(nodes.slowestNoticeNanos()));
        }
        directions.forEach((direction, count) -> System.out.println("  " + count + " from " + direction));
        outcomes.forEach((outcome, count) -> System.out.println("  " + count + " " + outcome));
        struck.forEach((fault, byPhase) -> System.out.println("  struck by " + fault + ": " + byPhase));
    }

    /** One migration of a fresh VM, between two nodes that live. */
    private final class Attempt {
        private final ClusterControl cluster;
        private final NodePool nodes;
        private final Blow blow;
        private final String vm;
        private final List<ConsoleOutput> said = Collections.synchronizedList(new ArrayList<>());

        Attempt(ClusterControl cluster, NodePool nodes, Blow blow) {
            this.cluster = cluster;
            this.nodes = nodes;
            this.blow = blow;
            this.vm = "vm" + blow.number();
        }

        void run() throws Exception {
            Member source = nodes.take();
            Member target = nodes.take();
            long base = get(cluster.status()).getVirtualNanos();
            long asked = base + blow.startNanos();
            CompletableFuture<Vm> created =
                    cluster.at(base).createVm(GuestMigration.guest(vm, source.host(), source.mode()));
            cluster.at(base + 2 * MILLI).reached().thenRun(() -> cluster.console(vm, true, said::add, () -> {}));
            CompletableFuture<MigrationReport> accepted = cluster.at(asked)
                    .migrate(MigrateRequest.newBuilder()
                            .setVm(vm)
                            .setTarget(target.host())
                            .setParameters(MigrationParameters.newBuilder().setDowntimeLimitNanos(20 * MILLI))
                            .build());
            CompletableFuture<Phase> hit = strike(accepted, asked, source, target);
            get(cluster.start());
            get(created);
            Phase phase = get(hit);
            get(cluster.start());
            MigrationReport report = get(cluster.migrationEnd(get(accepted).getNumber()));
            if (blow.fault() == Fault.NONE) {
                phases.putIfAbsent(blow.startNanos(), MigrationPhases.of(report, asked));
            }
            nodes.awaitDeaths();
            settle();
            Vm left = check(report, phase, source, target);
            count(report, left, phase, source, target);
            clear(left);
            // The other way round, so that they change roles.
            nodes.giveBack(target);
            nodes.giveBack(source);
        }

        // ---- the blow ----

        /** Completes with the phase in which it fell, time standing if the blow was to fall so. */
        private CompletableFuture<Phase> strike(
                CompletableFuture<MigrationReport> accepted, long asked, Member source, Member target) {
            MigrationPhases expected = phases.get(blow.startNanos());
            if (blow.fault() == Fault.NONE) {
                return CompletableFuture.completedFuture(Phase.OVER);
            }
            assertThat(expected).as("the phases of %s", blow).isNotNull();
            long moment = asked + expected.momentIn(blow.phase(), blow.fraction());
            return switch (blow.fault()) {
                case NONE -> CompletableFuture.completedFuture(Phase.OVER);
                case CANCEL -> cancel(accepted, moment);
                case KILL_SOURCE -> kill(source, moment, asked, expected);
                case KILL_TARGET -> kill(target, moment, asked, expected);
            };
        }

        private CompletableFuture<Phase> cancel(CompletableFuture<MigrationReport> accepted, long moment) {
            return accepted.thenCompose(report -> cluster.at(moment)
                    .cancelMigration(report.getNumber())
                    .handle((cancelled, refusal) -> {
                        assertThat(refusal == null).as("cancelled").isEqualTo(blow.phase() != Phase.OVER);
                        return blow.phase();
                    }));
        }

        private CompletableFuture<Phase> kill(Member victim, long moment, long asked, MigrationPhases expected) {
            if (blow.standing()) {
                return cluster.at(moment).hold().thenApplyAsync(held -> {
                    nodes.kill(victim);
                    nodes.awaitDeaths(); // so that the death, too, falls at an exact virtual time
                    return blow.phase();
                });
            }
            return cluster.at(moment)
                    .reached()
                    .thenComposeAsync(
                            reached -> cluster.status(),
                            CompletableFuture.delayedExecutor(blow.delayMicros(), TimeUnit.MICROSECONDS))
                    .thenApplyAsync(status -> {
                        nodes.kill(victim);
                        return expected.at(status.getVirtualNanos() - asked);
                    });
        }

        // ---- what has become of it ----

        private Vm check(MigrationReport report, Phase phase, Member source, Member target) throws Exception {
            boolean committed = report.getState() == MigrationState.MIGRATION_COMPLETED;
            if (blow.standing() || blow.fault() == Fault.CANCEL) {
                // The blow fell at an exact virtual time: what follows is settled.
                assertThat(report.getState())
                        .as("%s struck in %s", report, phase)
                        .isEqualTo(settled(phase));
            }
            Vm left = get(cluster.vms()).stream()
                    .filter(one -> one.getSpec().getName().equals(vm))
                    .findFirst()
                    .orElseThrow();
            Member owner = committed ? target : source;
            boolean ownerDied = nodes.isDead(owner);
            assertThat(left.getState())
                    .as("%s after %s", left, report)
                    .isEqualTo(ownerDied ? VmState.VM_LOST : VmState.VM_RUNNING);
            assertThat(left.getHost()).isEqualTo(owner.host());
            assertThat(left.getMode()).isEqualTo(owner.mode());
            assertThat(left.getEpoch()).isEqualTo(committed ? 2 : 1);
            assertThat(placesWhereItRuns())
                    .as("nodes that execute %s after %s", left, report)
                    .isEqualTo(ownerDied ? List.of() : List.of(owner.node()));
            checkNeverAtTwoPlaces(committed, source, target);
            checkConsole();
            return left;
        }

        private MigrationState settled(Phase phase) {
            return switch (blow.fault()) {
                case NONE -> MigrationState.MIGRATION_COMPLETED;
                case CANCEL ->
                    phase == Phase.OVER ? MigrationState.MIGRATION_COMPLETED : MigrationState.MIGRATION_CANCELLED;
                case KILL_SOURCE ->
                    phase.compareTo(Phase.HAND_OVER) < 0
                            ? MigrationState.MIGRATION_FAILED
                            : MigrationState.MIGRATION_COMPLETED;
                case KILL_TARGET ->
                    phase == Phase.OVER ? MigrationState.MIGRATION_COMPLETED : MigrationState.MIGRATION_FAILED;
            };
        }

        /** Nodes whose machines of the VM execute when time goes on. */
        private List<String> placesWhereItRuns() throws Exception {
            List<Testimony.Reading> before = Testimony.about(testimonies, vm);
            get(cluster.start());
            settle();
            List<Testimony.Reading> after = Testimony.about(testimonies, vm);
            List<String> places = new ArrayList<>();
            for (int i = 0; i < before.size(); i++) {
                if (after.get(i).last() > before.get(i).last()) {
                    places.add(after.get(i).node());
                }
            }
            return places;
        }

        /** The target begins at the very cycle at which the source ended, or never. */
        private void checkNeverAtTwoPlaces(boolean committed, Member source, Member target) throws Exception {
            Testimony.Reading atSource = null;
            Testimony.Reading atTarget = null;
            for (Testimony.Reading reading : Testimony.about(testimonies, vm)) {
                if (reading.node().equals(source.node())) {
                    assertThat(atSource).as("machines at the source").isNull();
                    atSource = reading;
                } else {
                    assertThat(reading.node()).isEqualTo(target.node());
                    assertThat(atTarget).as("machines at the target").isNull();
                    atTarget = reading;
                }
            }
            assertThat(atSource).isNotNull();
            if (atTarget != null && atTarget.hasRun()) {
                assertThat(committed).as("the target ran it").isTrue();
                assertThat(atTarget.first()).as("cycle of the hand-over").isEqualTo(atSource.last());
            }
        }

        private void checkConsole() {
            long offset = 0;
            StringBuilder text = new StringBuilder();
            for (ConsoleOutput piece : List.copyOf(said)) {
                assertThat(piece.getOffset()).isEqualTo(offset);
                offset += piece.getBytes().size();
                text.append(piece.getBytes().toStringUtf8());
            }
            Matcher tick = TICK.matcher(text);
            for (int number = 1; tick.find(); number++) {
                assertThat(tick.group(1)).as("ticks in %s", text).isEqualTo(String.valueOf(number));
            }
        }

        // ---- afterwards ----

        private void count(MigrationReport report, Vm left, Phase phase, Member source, Member target) {
            directions.merge(source.mode() + " to " + target.mode(), 1, Integer::sum);
            String state = report.getState().name().substring("MIGRATION_".length());
            String became = left.getState() == VmState.VM_LOST ? "VM died with its host" : "VM runs at one host";
            outcomes.merge(blow.fault() + ": " + state + ", " + became, 1, Integer::sum);
            if (blow.fault() != Fault.NONE) {
                struck.computeIfAbsent(blow.fault(), fault -> new EnumMap<>(Phase.class))
                        .merge(phase, 1, Integer::sum);
            }
        }

        private void clear(Vm left) {
            if (left.getState() == VmState.VM_RUNNING) {
                CompletableFuture<Vm> stopped = cluster.stop(vm);
                get(cluster.start());
                get(stopped);
                settle();
            }
        }

        /** Lets everything that is under way arrive, then lets time stand. */
        private void settle() {
            long now = get(cluster.status()).getVirtualNanos();
            CompletableFuture<Void> held = cluster.at(now + 50 * MILLI).hold();
            get(cluster.start());
            get(held);
        }
    }
}
