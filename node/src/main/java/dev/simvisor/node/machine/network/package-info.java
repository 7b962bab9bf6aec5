/**
 * Ethernet between machines: a network card is plugged into a {@link dev.simvisor.node.machine.network.NetworkPort} of an {@link
 * dev.simvisor.node.machine.network.Ethernet}. That is a {@link dev.simvisor.node.machine.network.VirtualSwitch}, or the {@link
 * dev.simvisor.node.machine.network.Uplink} by which a host connects a VM to the cluster.
 */
@NullMarked
package dev.simvisor.node.machine.network;

import org.jspecify.annotations.NullMarked;
