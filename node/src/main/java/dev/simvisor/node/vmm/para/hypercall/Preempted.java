package dev.simvisor.node.vmm.para.hypercall;

/**
 * What makes a hypercall break off before its end: its arguments are those of the rest then, and the guest makes it again with
 * them, not knowing that it does (Xen's hypercall continuation). Thrown without a stack trace, as it is no error.
 */
public final class Preempted extends RuntimeException {
    private static final long serialVersionUID = 1;

    static final Preempted REST = new Preempted();

    private Preempted() {
        super("to be continued", null, false, false);
    }
}
