/** Power management, reset and the keyboard controller as far as they turn a machine off or restart it. */
@NullMarked
package dev.simvisor.node.machine.device.power;

import org.jspecify.annotations.NullMarked;
