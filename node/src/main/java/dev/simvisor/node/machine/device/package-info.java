/**
 * The chips of a PC, each pure: registers in, pins out, time from the virtual clock. No chip knows its ports or addresses;
 * {@code dev.simvisor.node.machine.Machine} wires them. Each saves its state as a protobuf message and restores from it.
 */
@NullMarked
package dev.simvisor.node.machine.device;

import org.jspecify.annotations.NullMarked;
