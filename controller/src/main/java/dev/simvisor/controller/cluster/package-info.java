/**
 * The controller's heart: the cluster's virtual time, who owns which VM, and the migrations.
 *
 * <p>{@link dev.simvisor.controller.cluster.ClusterControl} is what everything else uses (services, command line, experiments).
 * Behind it the {@link dev.simvisor.controller.cluster.TimeKeeper} actor grants windows of virtual time to the hosts and,
 * between two windows, lets {@link dev.simvisor.controller.cluster.ClusterState} decide. Decisions depend on virtual times and
 * numbers alone, so a run can be repeated, interactive ones from their {@link dev.simvisor.controller.cluster.Journal} by a {@link
 * dev.simvisor.controller.cluster.Replay}; only the death of a process comes from outside of virtual time.
 * {@link dev.simvisor.controller.cluster.Clones} makes second VMs of running ones, which nobody has to decide about: the first
 * keeps its owner. {@link dev.simvisor.controller.cluster.Arrivals} has VMs come, wait and leave by themselves. Whether a host can carry a VM, and in which mode, is
 * {@link dev.simvisor.controller.cluster.Admission}'s to say. {@link
 * dev.simvisor.controller.cluster.EthernetFabric} stands for the switches between hosts, and {@link
 * dev.simvisor.controller.cluster.CardAddresses} gives VMs their addresses there. {@link dev.simvisor.controller.cluster.Meterings} measure for whoever
 * wants to know, and decide nothing.
 */
@NullMarked
package dev.simvisor.controller.cluster;

import org.jspecify.annotations.NullMarked;
