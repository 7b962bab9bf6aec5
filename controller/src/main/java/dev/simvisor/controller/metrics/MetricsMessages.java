package dev.simvisor.controller.metrics;

import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.controller.metrics.Measurement.VmFigures;
import dev.simvisor.proto.api.HostMetrics;
import dev.simvisor.proto.api.MetricsSample;
import dev.simvisor.proto.api.VmMetrics;

/** Measurements as the public API's messages. */
public final class MetricsMessages {
    private MetricsMessages() {}

    /** A measurement, before which none was left out. */
    public static MetricsSample sample(Measurement measurement) {
        MetricsSample.Builder sample = MetricsSample.newBuilder()
                .setFromNanos(measurement.fromNanos())
                .setUntilNanos(measurement.untilNanos());
        measurement.hosts().forEach(host -> sample.addHosts(host(measurement, host)));
        measurement.vms().forEach(vm -> sample.addVms(vm(vm)));
        return sample.build();
    }

    private static HostMetrics host(Measurement measurement, HostFigures host) {
        HostMetrics.Builder metrics = HostMetrics.newBuilder()
                .setHost(host.host())
                .setState(host.state())
                .setPcpus(host.pcpus())
                .setUpNanos(host.upNanos())
                .setBusyNanos(host.busyNanos())
                .setUtilization(host.utilization())
                .setReadyNanos(host.readyNanos())
                .setVmsRunning(host.vmsRunning())
                .setVmsPaused(host.vmsPaused())
                .setMemoryReservedBytes(host.memoryReservedBytes())
                .setMemoryTouchedBytes(host.memoryTouchedBytes())
                .setMemorySavedBytes(host.memorySavedBytes())
                .setLinkSentBytes(host.linkSentBytes());
        host.energyJoules().ifPresent(metrics::setEnergyJoules);
        measurement.watts(host).ifPresent(metrics::setPowerWatts);
        return metrics.build();
    }

    private static VmMetrics vm(VmFigures vm) {
        return VmMetrics.newBuilder()
                .setVm(vm.vm())
                .setHost(vm.host())
                .setBusyNanos(vm.busyNanos())
                .setReadyNanos(vm.readyNanos())
                .setInstructions(vm.instructions())
                .setMemoryTouchedBytes(vm.memoryTouchedBytes())
                .build();
    }
}
