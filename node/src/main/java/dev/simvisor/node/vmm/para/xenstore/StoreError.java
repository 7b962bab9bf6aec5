package dev.simvisor.node.vmm.para.xenstore;

/** Why a request was refused. The protocol sends the name itself (Xen, {@code io/xs_wire.h}: {@code xsd_errors}). */
public enum StoreError {
    /** The request makes no sense, or a path in it is not one. */
    EINVAL,
    /** The client may not do that. */
    EACCES,
    /** The same watch is there already. */
    EEXIST,
    /** No such node, watch or transaction. */
    ENOENT,
    /** The client's quota is used up. */
    ENOSPC,
    /** No such kind of request. */
    ENOSYS,
    /** A transaction within a transaction. */
    EBUSY,
    /** The transaction met another change to what it used: do it again. */
    EAGAIN,
    /** The answer is too long for a message, or the client has too many watches. */
    E2BIG,
    /** Only the owner may do that. */
    EPERM
}
