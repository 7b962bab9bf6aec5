/**
 * Hardware-assisted virtualization: the VMM of the {@code hardware} mode, which runs a guest in non-root operation of a
 * physical processor, with extended page tables.
 *
 * <p>{@link dev.simvisor.node.vmm.hardware.HardwareEngine} enters, and answers exits; {@link
 * dev.simvisor.node.vmm.hardware.GuestControls} says what makes the guest leave; {@link
 * dev.simvisor.node.vmm.hardware.VirtualEvents} decides which event goes in with an entry; {@link
 * dev.simvisor.node.vmm.hardware.ExtendedPageTables} are the tables that the physical processor walks. What the processor does
 * of all this is in {@code cpu.nonroot} and {@code cpu.mmu}.
 */
@NullMarked
package dev.simvisor.node.vmm.hardware;

import org.jspecify.annotations.NullMarked;
