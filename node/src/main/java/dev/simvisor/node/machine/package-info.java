/**
 * The board of a virtual machine: memory, buses, chips, firmware tables, boot loaders and virtual time around processors.
 *
 * <p>Start with {@link dev.simvisor.node.machine.Machine}, which is what a VMM owns; {@code Board} wires the chips to their
 * ports, addresses and interrupts. What it has in common with a paravirtual machine, which has no board, is
 * {@link dev.simvisor.node.machine.GuestPlatform}. A machine is deterministic: what it does depends on its configuration, its image, and
 * what is typed at which virtual cycle.
 *
 * <p>A {@code Processor} is a CPU with its local APIC. The first one boots and starts the others, as in every PC. {@code Turns} says
 * which one has the one physical processor that they share.
 *
 * <p>A machine with a firmware image has on its board what firmware needs beside: a chipset to program, and a description of the
 * board. Without one, the board is as firmware would have left it.
 */
@NullMarked
package dev.simvisor.node.machine;

import org.jspecify.annotations.NullMarked;
