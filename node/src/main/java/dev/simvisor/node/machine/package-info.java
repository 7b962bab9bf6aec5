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
 * <p>A guest that asks for a reset ends the run. Whoever owns the machine may then {@linkplain
 * dev.simvisor.node.machine.GuestPlatform#reset reset} it: the state that it had when it was switched on is restored into it,
 * around a clock that goes on, and an image is loaded as at the first time. A triple fault is no such request, though a PC's chipset
 * answers it with a reset: it is an end of its own, which people debug.
 *
 * <p>A machine with a firmware image has on its board what firmware needs beside: a chipset to program, and a description of the
 * board. Without one, the board is as firmware would have left it.
 */
@NullMarked
package dev.simvisor.node.machine;

import org.jspecify.annotations.NullMarked;
