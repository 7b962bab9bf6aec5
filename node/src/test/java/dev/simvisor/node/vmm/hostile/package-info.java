/**
 * Guests that mean harm. {@link dev.simvisor.node.vmm.hostile.HostileKernel} makes one from a seed;
 * {@link dev.simvisor.node.vmm.hostile.HostileGuestTest} runs it in every mode beside an innocent VM of the same host.
 * {@link dev.simvisor.node.vmm.hostile.HostileDomain} is a paravirtual one, whose calls
 * {@link dev.simvisor.node.vmm.hostile.HostileHypercalls} makes up, those on grants
 * {@link dev.simvisor.node.vmm.hostile.HostileGrants}, and whose front ends are
 * {@link dev.simvisor.node.vmm.hostile.HostileDevices}; {@link dev.simvisor.node.vmm.hostile.HostileDomainTest} runs it beside an
 * innocent domain.
 */
@NullMarked
package dev.simvisor.node.vmm.hostile;

import org.jspecify.annotations.NullMarked;
