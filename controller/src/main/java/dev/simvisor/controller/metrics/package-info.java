/**
 * Metrics over virtual time: what VMs used of hosts, interval by interval.
 *
 * <p>Hosts count, and say at the end of each window how far they are ({@link dev.simvisor.proto.node.HostUsage}); {@link
 * dev.simvisor.controller.metrics.Meter} makes a {@link dev.simvisor.controller.metrics.Measurement} of it for each interval, and
 * {@link dev.simvisor.controller.metrics.MetricsCsv} and {@link dev.simvisor.controller.metrics.UtilizationChart} show them, and
 * {@link dev.simvisor.controller.metrics.MetricsMessages} tells watchers of a running cluster. All figures are virtual, and depend
 * on nothing but the simulation.
 */
@NullMarked
package dev.simvisor.controller.metrics;

import org.jspecify.annotations.NullMarked;
