/**
 * Guests that mean harm. {@link dev.simvisor.node.vmm.hostile.HostileKernel} makes one from a seed;
 * {@link dev.simvisor.node.vmm.hostile.HostileGuestTest} runs it in every mode beside an innocent VM of the same host.
 */
@NullMarked
package dev.simvisor.node.vmm.hostile;

import org.jspecify.annotations.NullMarked;
