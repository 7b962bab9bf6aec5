/**
 * Debuggers: GDB's remote serial protocol (GDB manual, appendix E) for a VM that {@code simvisor boot --gdb} runs.
 *
 * <p>A {@link dev.simvisor.controller.gdb.GdbServer} listens on this machine alone and has one debugger at a time, whose packets
 * a {@link dev.simvisor.controller.gdb.PacketConnection} takes apart on a thread of its own. The thread that runs the VM serves
 * them between two slices, in a {@link dev.simvisor.controller.gdb.GdbDebugger}, which hands those that are about the VM's state to
 * {@link dev.simvisor.controller.gdb.TargetCommands}. What can be done to the VM is in
 * {@link dev.simvisor.controller.embedded.DebugTarget}.
 *
 * <p>Addresses are linear ones; the instruction pointer is an offset in CS, which in real mode is another number. Virtual time stands still while the VM is stopped, so that a guest that is debugged does what it
 * does without, as long as the debugger writes nothing. Going back in time is running again from a checkpoint: see
 * {@code VmHistory} in {@code controller.embedded}.
 */
@NullMarked
package dev.simvisor.controller.gdb;

import org.jspecify.annotations.NullMarked;
