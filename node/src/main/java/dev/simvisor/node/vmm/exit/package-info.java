/**
 * Exits: each time that control leaves a guest for the VMM. {@link dev.simvisor.node.vmm.exit.ExitKind} names the kinds,
 * {@link dev.simvisor.node.vmm.exit.ExitLedger} counts them for one VM and charges their cost to its clock, by the
 * {@link dev.simvisor.node.vmm.exit.ExitCosts} of the host's cost model; {@link dev.simvisor.node.vmm.exit.GuestTime} is how
 * time passes when that happens in the midst of the guest's execution. Knows nothing of how a mode works.
 */
@NullMarked
package dev.simvisor.node.vmm.exit;

import org.jspecify.annotations.NullMarked;
