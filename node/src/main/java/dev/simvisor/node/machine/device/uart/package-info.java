/** The 16550 serial port, the console of most guests. */
@NullMarked
package dev.simvisor.node.machine.device.uart;

import org.jspecify.annotations.NullMarked;
