package dev.simvisor.controller.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.metrics.Measurement.VmFigures;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.PowerModelSpec;
import dev.simvisor.proto.node.HostUsage;
import dev.simvisor.proto.node.VmUsage;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class MeterTest {
    private static final long MILLI = 1_000_000;

    private final Meter meter = new Meter(0);
    private Host host = Host.newBuilder()
            .setSpec(HostSpec.newBuilder()
                    .setName("h")
                    .setPcpus(2)
                    .setPower(PowerModelSpec.newBuilder().addMilliwatts(100_000).addMilliwatts(200_000)))
            .build();

    private void is(HostState state, long nanos) {
        host = host.toBuilder().setState(state).setMemoryReservedBytes(4096).build();
        meter.changed(host, nanos);
    }

    private static VmUsage vm(String name, long epoch, long busyNanos, long instructions) {
        return VmUsage.newBuilder()
                .setVm(name)
                .setEpoch(epoch)
                .setBusyNanos(busyNanos)
                .setReadyNanos(busyNanos / 2)
                .setInstructions(instructions)
                .setTouchedBytes(8192)
                .build();
    }

    private void reports(long busyNanos, long sentBytes, VmUsage... vms) {
        meter.add(
                "h",
                HostUsage.newBuilder()
                        .setBusyNanos(busyNanos)
                        .setReadyNanos(busyNanos / 2)
                        .setSentBytes(sentBytes)
                        .setVmsRunning(vms.length)
                        .addAllVms(List.of(vms))
                        .build());
    }

    @Test
    void intervalsHaveWhatWasAddedSinceTheOneBefore() {
        is(HostState.HOST_UP, 0);
        reports(3 * MILLI, 10, vm("a", 1, 3 * MILLI, 30));
        reports(5 * MILLI, 10, vm("a", 1, 5 * MILLI, 50));
        Measurement first = meter.measure(List.of(host), 10 * MILLI);
        reports(9 * MILLI, 17, vm("a", 1, 6 * MILLI, 60), vm("b", 1, 3 * MILLI, 5));
        Measurement second = meter.measure(List.of(host), 20 * MILLI);

        assertThat(first.hosts())
                .containsExactly(new HostFigures(
                        "h",
                        HostState.HOST_UP,
                        2,
                        10 * MILLI,
                        5 * MILLI,
                        5 * MILLI / 2,
                        1,
                        0,
                        4096,
                        8192,
                        0,
                        10,
                        OptionalDouble.of(1.25)));
        assertThat(first.hosts().getFirst().utilization()).isEqualTo(0.25);
        assertThat(second.fromNanos()).isEqualTo(10 * MILLI);
        assertThat(second.hosts().getFirst())
                .returns(4 * MILLI, HostFigures::busyNanos)
                .returns(7L, HostFigures::linkSentBytes)
                .returns(2 * 8192L, HostFigures::memoryTouchedBytes);
        assertThat(second.vms())
                .containsExactly(
                        new VmFigures("a", "h", MILLI, MILLI / 2, 10, 8192),
                        new VmFigures("b", "h", 3 * MILLI, 3 * MILLI / 2, 5, 8192));
    }

    @Test
    void hostThatWasThereBeforeCountsFromItsFirstReport() {
        meter.present(host.toBuilder().setState(HostState.HOST_UP).build(), 0);
        reports(70 * MILLI, 1000, vm("a", 3, 60 * MILLI, 600));
        reports(72 * MILLI, 1010, vm("a", 3, 61 * MILLI, 610));
        Measurement first = meter.measure(List.of(host), 10 * MILLI);

        assertThat(first.hosts().getFirst())
                .returns(2 * MILLI, HostFigures::busyNanos)
                .returns(MILLI, HostFigures::readyNanos)
                .returns(10L, HostFigures::linkSentBytes);
        assertThat(first.vms()).containsExactly(new VmFigures("a", "h", MILLI, MILLI / 2, 10, 8192));
    }

    @Test
    void hostThatHadNothingToDoKeepsItsVms() {
        is(HostState.HOST_UP, 0);
        reports(MILLI, 0, vm("a", 1, MILLI, 1));
        meter.measure(List.of(host), 10 * MILLI);
        Measurement idle = meter.measure(List.of(host), 20 * MILLI);

        assertThat(idle.hosts().getFirst()).returns(0L, HostFigures::busyNanos).returns(1, HostFigures::vmsRunning);
        assertThat(idle.vms()).containsExactly(new VmFigures("a", "h", 0, 0, 0, 8192));
    }

    @Test
    void vmThatLeavesIsThereInItsLastInterval() {
        is(HostState.HOST_UP, 0);
        reports(MILLI, 0, vm("a", 1, MILLI, 1));
        meter.measure(List.of(host), 10 * MILLI);
        reports(3 * MILLI, 0, vm("a", 1, 3 * MILLI, 3).toBuilder().setGone(true).build());
        Measurement last = meter.measure(List.of(host), 20 * MILLI);
        Measurement after = meter.measure(List.of(host), 30 * MILLI);

        assertThat(last.vms()).singleElement().returns(2 * MILLI, VmFigures::busyNanos);
        assertThat(last.hosts().getFirst().memoryTouchedBytes()).isZero();
        assertThat(after.vms()).isEmpty();
    }

    /** A key of time, VM and host is one of a line, whoever reads the table. */
    @Test
    void vmThatLeavesAndComesBackIsThereOnceInTheInterval() {
        is(HostState.HOST_UP, 0);
        reports(
                3 * MILLI,
                0,
                vm("a", 1, 3 * MILLI, 30).toBuilder().setGone(true).build());
        reports(
                4 * MILLI,
                0,
                vm("a", 3, MILLI, 10).toBuilder().setTouchedBytes(4096).build());
        Measurement first = meter.measure(List.of(host), 10 * MILLI);
        reports(6 * MILLI, 0, vm("a", 3, 3 * MILLI, 40));
        Measurement second = meter.measure(List.of(host), 20 * MILLI);

        assertThat(first.vms()).containsExactly(new VmFigures("a", "h", 4 * MILLI, 2 * MILLI, 40, 4096));
        assertThat(first.hosts().getFirst().memoryTouchedBytes()).isEqualTo(4096);
        assertThat(second.vms()).containsExactly(new VmFigures("a", "h", 2 * MILLI, MILLI, 30, 8192));
    }

    @Test
    void hostThatFailedCountsFromNothingWhenItIsBack() {
        is(HostState.HOST_UP, 0);
        reports(4 * MILLI, 0, vm("a", 1, 4 * MILLI, 4));
        is(HostState.HOST_FAILED, 4 * MILLI);
        Measurement failed = meter.measure(List.of(host), 10 * MILLI);
        is(HostState.HOST_UP, 18 * MILLI);
        reports(MILLI, 0, vm("a", 2, MILLI, 1));
        Measurement back = meter.measure(List.of(host), 20 * MILLI);

        assertThat(failed.hosts().getFirst())
                .returns(4 * MILLI, HostFigures::upNanos)
                .returns(4 * MILLI, HostFigures::busyNanos)
                .returns(0.5, HostFigures::utilization)
                .returns(0, HostFigures::vmsRunning);
        assertThat(failed.vms()).singleElement().returns(4 * MILLI, VmFigures::busyNanos);
        assertThat(back.hosts().getFirst())
                .returns(2 * MILLI, HostFigures::upNanos)
                .returns(MILLI, HostFigures::busyNanos);
        assertThat(back.vms()).singleElement().returns(MILLI, VmFigures::busyNanos);
    }

    /** It is idle for 6 ms and busy with half of its processors for 4 ms, then off for 5 ms, and idle. */
    @Test
    void hostDrawsPowerByItsUtilizationWhileItIsUp() {
        is(HostState.HOST_UP, 0);
        is(HostState.HOST_DRAINED, 6 * MILLI);
        reports(4 * MILLI, 0, vm("a", 1, 4 * MILLI, 4));
        is(HostState.HOST_FAILED, 10 * MILLI);
        is(HostState.HOST_UP, 15 * MILLI);
        Measurement measurement = meter.measure(List.of(host), 20 * MILLI);

        assertThat(measurement.hosts().getFirst().energyJoules().orElseThrow())
                .isCloseTo(0.6 + 0.6 + 0.5, within(1e-12));
        assertThat(Totals.ofAll(List.of(measurement)))
                .returns(15 * MILLI, Totals.Total::upNanos)
                .returns(30 * MILLI, Totals.Total::capacityNanos)
                .returns(4.0 / 30, Totals.Total::utilization);
    }

    @Test
    void energyIsNotKnownWithoutAPowerModel() {
        Host unknown = Host.newBuilder()
                .setSpec(HostSpec.newBuilder().setName("i"))
                .setState(HostState.HOST_UP)
                .build();
        is(HostState.HOST_UP, 0);
        meter.changed(unknown, 0);
        List<Measurement> measurements = List.of(meter.measure(List.of(host, unknown), 10 * MILLI));

        assertThat(Totals.byHost(measurements).get("h").energyJoules()).hasValue(1.0);
        assertThat(Totals.byHost(measurements).get("i").energyJoules()).isEmpty();
        assertThat(Totals.ofAll(measurements).energyJoules()).isEmpty();
        assertThat(MetricsCsv.hosts(measurements).getLast()).endsWith(",0,,");
    }

    @Test
    void curveIsStraightBetweenItsFigures() {
        PowerCurve table = new PowerCurve(List.of(100_000L, 140_000L, 150_000L));

        assertThat(table.watts(0)).isEqualTo(100);
        assertThat(table.watts(0.25)).isEqualTo(120);
        assertThat(table.watts(0.5)).isEqualTo(140);
        assertThat(table.watts(0.75)).isEqualTo(145);
        assertThat(table.watts(1)).isEqualTo(150);
        assertThat(table.watts(1.001)).isEqualTo(150);
    }

    @Test
    void tablesHaveALineForEachIntervalAndOfEachOfThem() {
        is(HostState.HOST_UP, 0);
        reports(3 * MILLI, 10, vm("a", 1, 3 * MILLI, 30));
        List<Measurement> measurements = List.of(meter.measure(List.of(host), 10 * MILLI));

        assertThat(MetricsCsv.hosts(measurements))
                .containsExactly(
                        "time_seconds,host,state,pcpus,up_seconds,utilization,busy_seconds,ready_seconds,vms_running,"
                                + "vms_paused,memory_reserved_bytes,memory_touched_bytes,memory_saved_bytes,link_sent_bytes,power_watts,energy_joules",
                        "0.01,h,up,2,0.01,0.150000,0.003,0.0015,1,0,4096,8192,0,10,115.000000,1.150000");
        assertThat(MetricsCsv.vms(measurements))
                .containsExactly(
                        "time_seconds,vm,host,busy_seconds,ready_seconds,instructions,memory_touched_bytes",
                        "0.01,a,h,0.003,0.0015,30,8192");
    }
}
