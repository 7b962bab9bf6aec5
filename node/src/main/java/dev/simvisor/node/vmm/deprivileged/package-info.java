/**
 * Deprivileged execution: the modes {@code trap} and {@code translate}.
 *
 * <p>The guest's kernel runs in ring 1 of the physical processor, its programs in ring 3; ring 0 is the VMM's, which is
 * {@link dev.simvisor.node.vmm.deprivileged.DeprivilegedEngine}, outside. Start reading there.
 * {@link dev.simvisor.node.vmm.deprivileged.WorldSwitch} carries state from the virtual processor, which the guest believes
 * in, to the physical one and back. What the guest may not do by itself is done for it on the virtual processor, which
 * executes the very instruction: there is no second set of instruction semantics.
 *
 * <p>{@code translate} is {@code trap} with
 * {@link dev.simvisor.node.vmm.deprivileged.SensitiveInstructions the pass} that replaces in the kernel's code what would
 * not trap but should.
 */
@NullMarked
package dev.simvisor.node.vmm.deprivileged;

import org.jspecify.annotations.NullMarked;
