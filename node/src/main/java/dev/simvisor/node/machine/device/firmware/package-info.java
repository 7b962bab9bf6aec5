/** What a board tells its firmware that no chip does: memory, the number of processors, where to show messages. */
@NullMarked
package dev.simvisor.node.machine.device.firmware;

import org.jspecify.annotations.NullMarked;
