/**
 * The buses of the board: which device answers at a port or at a physical address.
 *
 * <p>A device sees offsets into its own registers and never learns where it stands; only the board wires. Two devices at
 * one place are an error of the wiring, and accesses that nobody claims float to all ones.
 */
@NullMarked
package dev.simvisor.node.machine.bus;

import org.jspecify.annotations.NullMarked;
