/**
 * The rings of shared memory that a paravirtual guest and the VMM talk through (Xen's {@code io/ring.h}, {@code
 * io/xs_wire.h}).
 *
 * <p>{@link dev.simvisor.node.vmm.para.ring.SharedPage} is one page of them. The guest may write to it at any time and
 * anything, so a field is read once, into a local, and what was read is what is checked and used. {@link
 * dev.simvisor.node.vmm.para.ring.BackRing} is the back end of a ring of requests and responses, {@link
 * dev.simvisor.node.vmm.para.ring.ByteRing} one direction of a ring of bytes.
 */
@NullMarked
package dev.simvisor.node.vmm.para.ring;

import org.jspecify.annotations.NullMarked;
