/**
 * The virtual machine monitor of a physical host: what makes a machine a VM.
 *
 * <p>A {@link dev.simvisor.node.vmm.VirtualMachine} owns a {@link dev.simvisor.node.vmm.GuestMachine} (the board with its
 * processor, memory and devices), ties its cycles to the cluster's virtual time and keeps its life cycle. Modes are in
 * {@code vmm.mode}, migration protocols in {@code vmm.migration}. Nothing here knows actors, networks or the wall clock.
 */
@NullMarked
package dev.simvisor.node.vmm;

import org.jspecify.annotations.NullMarked;
