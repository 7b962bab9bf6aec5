package dev.simvisor.controller.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.config.Action;
import dev.simvisor.config.ArrivalProcess;
import dev.simvisor.config.Distribution;
import dev.simvisor.config.Experiment;
import dev.simvisor.config.GuestCatalogue;
import dev.simvisor.config.Metrics;
import dev.simvisor.config.MigrationSettings;
import dev.simvisor.config.Topology;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VmDefinition;
import dev.simvisor.config.VmType;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.metrics.Measurement.VmFigures;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.controller.progress.Progress;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentRunTest {
    private static final VirtualDuration END = VirtualDuration.parse("2s");

    @TempDir
    private Path guests;

    private final Watcher watcher = new Watcher();
    private List<ArrivalProcess> arrivals = List.of();
    private Optional<Metrics> metrics = Optional.empty();

    @Test
    void showsHowFarVirtualTimeHasCome() throws Exception {
        run(Long.MAX_VALUE);

        assertThat(watcher.begun).containsExactly("virtual time of " + END.nanos() + " VIRTUAL_NANOS");
        assertThat(watcher.reached).isSorted().endsWith(END.nanos());
        assertThat(watcher.ended).isEqualTo(1);
    }

    @Test
    void showsNothingMoreOnceItHasFailed() {
        assertThatThrownBy(() -> run(1)).isInstanceOf(ExperimentFailed.class).hasMessageContaining("no room");

        assertThat(watcher.reached).doesNotContain(END.nanos());
        assertThat(watcher.ended).isEqualTo(1);
    }

    @Test
    void drainsAHostAndStopsAPausedVmWhenItIsTime() throws Exception {
        VirtualDuration pause = VirtualDuration.parse("1s");
        VirtualDuration stop = VirtualDuration.parse("1500ms");
        Outcome outcome = run(
                Long.MAX_VALUE,
                new Action.DrainHost(VirtualDuration.parse("100ms"), "host-1", MigrationSettings.DEFAULT),
                new Action.Pause(pause, "toy"),
                new Action.Stop(stop, "toy"));

        assertThat(outcome.migrations()).singleElement().satisfies(report -> {
            assertThat(report.getTarget()).isEqualTo("host-2");
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        });
        assertThat(outcome.events().stream().filter(Event::hasHost).map(Event::getHost))
                .extracting(Host::getState)
                .containsExactly(HostState.HOST_DRAINING, HostState.HOST_DRAINED);
        List<Event> ofVm = outcome.events().stream().filter(Event::hasVm).toList();
        assertThat(ofVm.reversed().subList(0, 2))
                .extracting(event -> event.getVm().getState())
                .containsExactly(VmState.VM_STOPPED, VmState.VM_PAUSED);
        assertThat(ofVm.getLast().getVirtualNanos()).isGreaterThanOrEqualTo(stop.nanos());
    }

    /** The host that the VM is moving to fails, so that the drain is one no more when it ends. */
    @Test
    void refusalOfWhatTookItsTimeIsAmongTheEventsOfItsEnd() throws Exception {
        VirtualDuration fail = VirtualDuration.parse("105ms");
        Outcome outcome = run(
                Long.MAX_VALUE,
                new Action.DrainHost(VirtualDuration.parse("100ms"), "host-1", MigrationSettings.DEFAULT),
                new Action.FailHost(fail, "host-2"));

        assertThat(outcome.events()).extracting(Event::getVirtualNanos).isSorted();
        assertThat(outcome.events())
                .filteredOn(event -> event.getWhatCase() == Event.WhatCase.REFUSAL)
                .singleElement()
                .returns(fail.nanos(), Event::getVirtualNanos)
                .returns("host host-1: stayed: toy", Event::getRefusal);
    }

    @Test
    void clonesAVmAndFollowsTheCloneToTheEnd() throws Exception {
        VirtualDuration clone = VirtualDuration.parse("100ms");
        Outcome outcome = run(
                Long.MAX_VALUE,
                new Action.Clone(clone, "toy", "twin", Optional.empty()),
                new Action.Clone(clone, "toy", "far", Optional.of("host-2")),
                new Action.Clone(clone, "gone", "never", Optional.empty()));

        assertThat(outcome.vms().keySet()).containsExactly("far", "toy", "twin");
        assertThat(outcome.vms().get("twin").stateHash())
                .isPresent()
                .isEqualTo(outcome.vms().get("toy").stateHash());
        assertThat(outcome.vms().get("far").stateHash()).isPresent();
        String said = outcome.consoles().get("toy").toStringUtf8();
        assertThat(said)
                .endsWith(Objects.requireNonNull(outcome.consoles().get("twin")).toStringUtf8());
        assertThat(outcome.events().stream().map(Event::getRefusal))
                .contains("no VM 'gone': expected one of far, toy, twin");
    }

    @Test
    void failedHostsComeBackEmptyAndTakeVmsInTheSameMoment() throws Exception {
        VirtualDuration fail = VirtualDuration.parse("1s");
        VirtualDuration recover = VirtualDuration.parse("1500ms");
        VmDefinition second = new VmDefinition("second", VmType.load().get("builtin"));
        Outcome outcome = run(
                Long.MAX_VALUE,
                new Action.FailHost(fail, "host-1"),
                new Action.FailHost(fail, "host-2"),
                new Action.RecoverHost(recover, "host-2"),
                new Action.RecoverHost(recover, "host-1"),
                new Action.Create(recover, second, Optional.of("host-2")),
                new Action.RecoverHost(recover, "host-2"));

        assertThat(outcome.vms().get("toy").vm().getState()).isEqualTo(VmState.VM_LOST);
        assertThat(outcome.vms().get("second").vm())
                .returns("host-2", Vm::getHost)
                .returns(VmState.VM_RUNNING, Vm::getState);
        assertThat(outcome.events())
                .filteredOn(event -> event.getVirtualNanos() == recover.nanos())
                .extracting(ExperimentRunTest::inWords)
                .containsExactly(
                        "host-2 HOST_UP []",
                        "host-1 HOST_UP []",
                        "second VM_CREATING",
                        "host host-2 is up: expected a failed or drained one");
    }

    @Test
    void metricsFollowVmsFromHostToHostAndChangeNothing() throws Exception {
        Action[] actions = {
            new Action.Migrate(VirtualDuration.parse("250ms"), "toy", Optional.of("host-2"), MigrationSettings.DEFAULT),
            new Action.FailHost(VirtualDuration.parse("1050ms"), "host-1"),
            new Action.RecoverHost(VirtualDuration.parse("1500ms"), "host-1"),
            new Action.Pause(VirtualDuration.parse("1600ms"), "toy")
        };
        Outcome plain = run(Long.MAX_VALUE, actions);
        metrics = Optional.of(new Metrics(VirtualDuration.parse("300ms")));
        Outcome measured = run(Long.MAX_VALUE, actions);

        assertThat(measured.events()).isEqualTo(plain.events());
        assertThat(measured.vms()).isEqualTo(plain.vms());
        assertThat(measured.consoles()).isEqualTo(plain.consoles());
        assertThat(plain.measurements()).isEmpty();
        assertThat(measured.measurements())
                .extracting(measurement -> measurement.untilNanos() / 1_000_000)
                .containsExactly(300L, 600L, 900L, 1200L, 1500L, 1800L, 2000L);
        assertThat(upMillis(measured, 0)).containsExactly(300L, 300L, 300L, 150L, 0L, 300L, 200L);
        assertThat(upMillis(measured, 1)).containsExactly(300L, 300L, 300L, 300L, 300L, 300L, 200L);
        assertThat(measured.measurements())
                .extracting(measurement -> measurement.hosts().getFirst().state())
                .containsExactly(
                        HostState.HOST_UP,
                        HostState.HOST_UP,
                        HostState.HOST_UP,
                        HostState.HOST_FAILED,
                        HostState.HOST_FAILED,
                        HostState.HOST_UP,
                        HostState.HOST_UP);
        List<VmFigures> toy = measured.measurements().stream()
                .flatMap(measurement -> measurement.vms().stream())
                .toList();
        assertThat(toy).extracting(VmFigures::host).startsWith("host-1").contains("host-2");
        assertThat(toy.stream().mapToLong(VmFigures::instructions).sum())
                .isEqualTo(measured.vms().get("toy").vm().getInstructions());
        assertThat(measured.measurements().stream()
                        .flatMap(measurement -> measurement.hosts().stream())
                        .mapToLong(HostFigures::linkSentBytes)
                        .sum())
                .isEqualTo(measured.migrations().getFirst().getTotalBytes());
        assertThat(measured.measurements().getLast().hosts().get(1))
                .returns(1, HostFigures::vmsPaused)
                .returns(0, HostFigures::vmsRunning)
                .returns(0L, HostFigures::busyNanos);
    }

    @Test
    void arrivalsArePlacedOrRefusedAndNamedByNumber() throws Exception {
        VmType large = Objects.requireNonNull(VmType.load().get("builtin"));
        VirtualDuration second = VirtualDuration.parse("1s");
        // Two hosts have room for 16 each, and the toy is there already.
        arrivals = List.of(
                new ArrivalProcess(
                        "crowd",
                        new ArrivalProcess.Source.Drawn(
                                large,
                                new Distribution.Fixed(VirtualDuration.parse("10ms")),
                                Optional.of(new Distribution.Fixed(second)),
                                VirtualDuration.ZERO,
                                second,
                                Optional.of(35)),
                        Optional.of("hi"),
                        VirtualDuration.ZERO),
                new ArrivalProcess(
                        "late",
                        new ArrivalProcess.Source.Trace(List.of(
                                new ArrivalProcess.Source.Trace.Entry(second, large, Optional.empty()),
                                new ArrivalProcess.Source.Trace.Entry(
                                        VirtualDuration.parse("1999ms"), large, Optional.empty()))),
                        Optional.empty(),
                        second),
                new ArrivalProcess(
                        "never",
                        new ArrivalProcess.Source.Trace(List.of(new ArrivalProcess.Source.Trace.Entry(
                                VirtualDuration.parse("5s"), large, Optional.empty()))),
                        Optional.empty(),
                        VirtualDuration.ZERO));
        Outcome outcome = run(Long.MAX_VALUE);

        assertThat(ArrivalTotal.of(outcome.arrivals()))
                .returns(37, ArrivalTotal::came)
                .returns(33, ArrivalTotal::placed)
                .returns(4, ArrivalTotal::refused);
        assertThat(outcome.arrivals())
                .filteredOn(arrival -> arrival.fate() == ArrivalOutcome.Fate.REFUSED)
                .extracting(arrival -> arrival.planned().vm())
                .containsExactly("crowd-32", "crowd-33", "crowd-34", "crowd-35");
        assertThat(outcome.arrivals().get(35))
                .returns("late-1", arrival -> arrival.planned().vm())
                .returns(10_100_000L, ArrivalOutcome::waitedNanos);
        assertThat(outcome.events())
                .filteredOn(event -> event.getWhatCase() == Event.WhatCase.REFUSAL)
                .extracting(Event::getVirtualNanos)
                .containsExactly(320_000_000L, 330_000_000L, 340_000_000L, 350_000_000L);
        assertThat(Objects.requireNonNull(outcome.consoles().get("crowd-1")).toStringUtf8())
                .contains("typed h", "typed i");
        assertThat(outcome.vms().get("crowd-1").vm().getState()).isEqualTo(VmState.VM_STOPPED);
        assertThat(Summary.of(outcome).lines())
                .first()
                .asString()
                .matches("ARRIVALS +CAME +PLACED +REFUSED +WAITING +MEAN WAIT +LONGEST WAIT");
        assertThat(Summary.of(outcome).lines()).anyMatch(line -> line.matches("never +0 +0 +0 +0 .*"));
        assertThat(Summary.of(outcome).toJson()).contains("\"refused\" : 4", "\"never\"");
        assertThat(ArrivalsCsv.lines(outcome.arrivals(), outcome.vms()))
                .hasSize(38)
                .startsWith(
                        "vm,process,type,arrived_seconds,lifetime_seconds,fate,waited_seconds,host,state",
                        "crowd-1,crowd,builtin,0.01,1,placed,0,host-1,stopped")
                .contains("crowd-32,crowd,builtin,0.32,1,refused,0,,");
    }

    private static List<Long> upMillis(Outcome outcome, int host) {
        return outcome.measurements().stream()
                .map(measurement -> measurement.hosts().get(host).upNanos() / 1_000_000)
                .toList();
    }

    private static String inWords(Event event) {
        return switch (event.getWhatCase()) {
            case HOST ->
                event.getHost().getSpec().getName() + " " + event.getHost().getState() + " "
                        + event.getHost().getVmsList();
            case VM -> event.getVm().getSpec().getName() + " " + event.getVm().getState();
            case REFUSAL -> event.getRefusal();
            case MIGRATION, NODE, WHAT_NOT_SET -> throw new AssertionError(event);
        };
    }

    @Test
    void nodeThatDiesOnTheWayIsAFailureAndNoResult() {
        Event death = Event.newBuilder().setNode("node n is gone").build();

        assertThatThrownBy(() -> run(cluster -> withEventAtTheStart(cluster, death), Long.MAX_VALUE))
                .isInstanceOf(ExperimentFailed.class)
                .hasMessageStartingWith("node n is gone before the end");
    }

    /** The cluster, but that whoever watches it also sees an event once time runs. */
    private static ClusterControl withEventAtTheStart(ClusterControl cluster, Event event) {
        List<Consumer<Event>> watchers = new ArrayList<>();
        return (ClusterControl) Proxy.newProxyInstance(
                ClusterControl.class.getClassLoader(),
                new Class<?>[] {ClusterControl.class},
                (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "watch" -> {
                            @SuppressWarnings("unchecked")
                            Consumer<Event> watcher = (Consumer<Event>) arguments[1];
                            watchers.add(watcher);
                        }
                        case "start" -> watchers.forEach(watcher -> watcher.accept(event));
                        default -> {}
                    }
                    return method.invoke(cluster, arguments);
                });
    }

    private Outcome run(long hostBytes, Action... actions) throws Exception {
        return run(cluster -> cluster, hostBytes, actions);
    }

    private Outcome run(UnaryOperator<ClusterControl> seen, long hostBytes, Action... actions) throws Exception {
        VmDefinition toy =
                new VmDefinition("toy", Objects.requireNonNull(VmType.load().get("builtin")));
        List<Action> all = new ArrayList<>(List.of(actions));
        all.addFirst(new Action.Create(VirtualDuration.ZERO, toy, Optional.empty()));
        all.addLast(new Action.End(END));
        List<VmDefinition> vms = new ArrayList<>(List.of(toy));
        for (Action action : actions) {
            if (action instanceof Action.Clone clone) vms.add(new VmDefinition(clone.name(), toy.type()));
            if (action instanceof Action.Create create) vms.add(create.vm());
        }
        Experiment experiment = new Experiment(Topology.shipped("two-hosts"), vms, all, arrivals, metrics);
        try (EmbeddedCluster cluster = EmbeddedCluster.start(
                List.of("node"),
                FitPlacement.FIRST_FIT,
                spec -> new ToyMachines(Math.min(hostBytes, spec.getMemoryBytes())),
                0)) {
            return new ExperimentRun(
                            experiment, seen.apply(cluster.control()), new GuestCache(GuestCatalogue.load(), guests))
                    .run(watcher);
        }
    }

    /** Notes all it is told. */
    private static final class Watcher implements Progress {
        private final List<String> begun = new ArrayList<>();
        private final List<Long> reached = new ArrayList<>();
        private int ended;

        @Override
        public Step begin(String task, OptionalLong total, Unit unit) {
            begun.add(task + " of " + total.getAsLong() + " " + unit);
            return new Step() {
                @Override
                public void at(long done) {
                    reached.add(done);
                }

                @Override
                public void close() {
                    ended++;
                }
            };
        }
    }
}
