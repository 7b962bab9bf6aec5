/** Ports that no PC has, for guests that test themselves: a debug console and an exit with a status. */
@NullMarked
package dev.simvisor.node.machine.device.debug;

import org.jspecify.annotations.NullMarked;
