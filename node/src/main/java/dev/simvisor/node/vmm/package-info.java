/**
 * The virtual machine monitor of a physical host: what makes a machine a VM.
 *
 * <p>A {@link dev.simvisor.node.vmm.VirtualMachine} owns a {@link dev.simvisor.node.vmm.GuestMachine} (a board with its
 * processor, memory and devices, or a paravirtual machine; {@link dev.simvisor.node.vmm.HostedMachines} builds either), ties
 * its cycles to the cluster's virtual time and keeps its life cycle. When the guest resets the machine, the VM goes on from the files
 * that it was booted from, which {@code BootFiles} reads again and knows by the digests that go along with a VM. Modes are in {@code vmm.mode}, and what they are made of
 * in {@code vmm.deprivileged}, {@code vmm.hardware}, {@code vmm.para}, {@code vmm.memory} and {@code vmm.exit};
 * {@code vmm.critical} shows why some instructions need a VMM at all; migration protocols are in {@code vmm.migration}.
 * Nothing here knows actors, networks or the wall clock: what a guest sends on the Ethernet is taken down with its virtual time.
 */
@NullMarked
package dev.simvisor.node.vmm;

import org.jspecify.annotations.NullMarked;
