/**
 * Direct paging: the machine frames of a domain, what each is used as, and the guest's page tables, which the processor uses as they
 * are once the VMM has validated them.
 *
 * <p>{@link dev.simvisor.node.vmm.para.memory.DomainMemory} names frames: a gfn is an index into the domain's
 * {@link dev.simvisor.node.machine.memory.GuestMemory}, an mfn is what the guest writes into its page tables. A backend that has
 * been given an mfn or a grant calls {@code domain.memory().gfn(mfn)}, which is {@code NONE} for what is not the domain's, and
 * then reads and writes {@code domain.memory().memory()} at {@code gfn << 12}; it holds the frame by
 * {@link dev.simvisor.node.vmm.para.memory.FrameTable#take} or, to write it, {@code takeAs(gfn, WRITABLE)}. Start with
 * {@link dev.simvisor.node.vmm.para.memory.DirectPaging}. Linear addresses from hypercalls go through
 * {@link dev.simvisor.node.vmm.para.memory.GuestAccess}.
 */
@NullMarked
package dev.simvisor.node.vmm.para.memory;

import org.jspecify.annotations.NullMarked;
