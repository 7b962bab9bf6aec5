package dev.simvisor.node.vmm.para.abi;

/**
 * What makes a hypercall fail: its result is the negated number (Xen's public header errno.h). Thrown without a stack trace, as
 * guests may fail millions of times per second.
 */
public final class XenError extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Operation not permitted. */
    public static final XenError EPERM = new XenError("EPERM", 1);
    /** No such thing. */
    public static final XenError ENOENT = new XenError("ENOENT", 2);
    /** No such domain. */
    public static final XenError ESRCH = new XenError("ESRCH", 3);
    /** Out of memory, or of what else there is a limited number of. */
    public static final XenError ENOMEM = new XenError("ENOMEM", 12);
    /** Permission denied. */
    public static final XenError EACCES = new XenError("EACCES", 13);
    /** A bad pointer. */
    public static final XenError EFAULT = new XenError("EFAULT", 14);
    /** In use in a way that excludes what was asked for. */
    public static final XenError EBUSY = new XenError("EBUSY", 16);
    /** There is one already. */
    public static final XenError EEXIST = new XenError("EEXIST", 17);
    /** No such device. */
    public static final XenError ENODEV = new XenError("ENODEV", 19);
    /** An argument has no meaning. */
    public static final XenError EINVAL = new XenError("EINVAL", 22);
    /** No room left. */
    public static final XenError ENOSPC = new XenError("ENOSPC", 28);
    /** Out of range. */
    public static final XenError ERANGE = new XenError("ERANGE", 34);
    /** There is no such hypercall, or no such operation of it. */
    public static final XenError ENOSYS = new XenError("ENOSYS", 38);
    /** The operation exists, but not for this caller. */
    public static final XenError EOPNOTSUPP = new XenError("EOPNOTSUPP", 95);
    /** A time that has passed already. */
    public static final XenError ETIME = new XenError("ETIME", 62);

    private final int number;

    private XenError(String name, int number) {
        super(name, null, false, false);
        this.number = number;
    }

    /** What the hypercall returns. */
    public long result() {
        return -number;
    }
}
