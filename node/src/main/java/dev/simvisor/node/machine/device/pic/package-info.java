/** The pair of 8259A programmable interrupt controllers with its edge/level registers. */
@NullMarked
package dev.simvisor.node.machine.device.pic;

import org.jspecify.annotations.NullMarked;
