/**
 * Virtualization modes: what the hardware does with sensitive operations, and what the VMM does about it.
 *
 * <p>A {@link dev.simvisor.node.vmm.mode.BoardMode} is an engine of the machine's processor, the <em>virtual</em> one, whose addresses are guest-physical. In
 * {@code bare} the engine runs that processor itself. In the others the engine is a VMM, which runs the guest on a second,
 * <em>physical</em> processor, whose addresses are the host's, and leaves all of the guest's state in the virtual one when
 * it returns. State, snapshots and migration therefore know nothing of modes, and where no cost model charges for exits a
 * guest's state hash after so many instructions is the same in every mode that runs it rightly.
 *
 * <p>In {@code para} there is no virtual processor, as the guest knows what it runs on: see {@code vmm.para}.
 *
 * <p>What leaves the guest is not counted as an instruction until the VMM has done it, which it does by executing that very
 * instruction on the virtual processor.
 */
@NullMarked
package dev.simvisor.node.vmm.mode;

import org.jspecify.annotations.NullMarked;
