/**
 * Xenstore: the small tree of texts through which a host and its paravirtual guests find each other's devices (Xen,
 * {@code docs/misc/xenstore.txt} and {@code io/xs_wire.h}; where those are silent, what xenstored 4.17 does).
 *
 * <p>{@link dev.simvisor.node.vmm.para.xenstore.XenStore} is the tree, {@link
 * dev.simvisor.node.vmm.para.xenstore.StoreSession} what one client may do with it: permissions, quotas, transactions,
 * watches. {@link dev.simvisor.node.vmm.para.xenstore.StoreConnection} is the guest's side of it: messages over the ring
 * page. The VMM's own parts are clients of a session without a ring.
 *
 * <p>Whatever a guest sends is answered by an error of the protocol, or ends its connection; the order of everything, also
 * of watch events, follows from the order of requests.
 */
@NullMarked
package dev.simvisor.node.vmm.para.xenstore;

import org.jspecify.annotations.NullMarked;
