/**
 * Ethernet between machines: a network card is plugged into a {@link dev.simvisor.node.machine.network.NetworkPort}, which
 * {@link dev.simvisor.node.machine.network.VirtualSwitch} has.
 */
@NullMarked
package dev.simvisor.node.machine.network;

import org.jspecify.annotations.NullMarked;
