/** The 8254 programmable interval timer and the system control port B that gates its speaker channel. */
@NullMarked
package dev.simvisor.node.machine.device.pit;

import org.jspecify.annotations.NullMarked;
