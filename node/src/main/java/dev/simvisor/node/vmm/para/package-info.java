/**
 * Mode {@code para}: a guest that knows the VMM, by Xen's public ABI for 64-bit paravirtual domains, so that stock Linux and PV
 * GRUB run.
 *
 * <p>A paravirtual machine has no board and no virtual processor: {@link dev.simvisor.node.vmm.para.ParavirtualMachine} runs a
 * {@link dev.simvisor.node.vmm.para.domain.Domain}, whose vCPUs are physical processors in ring 3 with the guest's own page
 * tables. What leaves the guest is answered in one place, {@code GuestExits}. From there it goes to
 * {@link dev.simvisor.node.vmm.para.hypercall hypercalls}, which work on {@link dev.simvisor.node.vmm.para.memory direct
 * paging} and {@link dev.simvisor.node.vmm.para.event event channels}; or back to the guest's kernel by a
 * {@link dev.simvisor.node.vmm.para.trap trap frame}; or the instruction is {@link dev.simvisor.node.vmm.para.emulate
 * emulated}. A new domain is made by the {@link dev.simvisor.node.vmm.para.build builder}.
 * How one is saved and goes on elsewhere is in {@link dev.simvisor.node.vmm.para.image}. When the guest reboots, another domain
 * takes the place of the first, in the same memory and at the same machine addresses.
 *
 * <p>A backend (console, xenstore, block, network) acts for domain 0. It finds the domain's memory by
 * {@code domain.memory()}, gets and gives notice by {@code domain.events()}, and offers hypercalls of its own by classes that
 * implement {@link dev.simvisor.node.vmm.para.hypercall.Hypercall}. {@link dev.simvisor.node.vmm.para.console.ConsoleRing} is
 * the smallest example.
 *
 * <p>Facts are from Xen's public headers (xen/include/public of 4.17); behaviour that they leave open is that of Xen 4.17.
 */
@NullMarked
package dev.simvisor.node.vmm.para;

import org.jspecify.annotations.NullMarked;
