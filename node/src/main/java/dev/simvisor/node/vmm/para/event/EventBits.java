package dev.simvisor.node.vmm.para.event;

/** How pending events are told to the guest: the ABI has two ways, of which a domain uses one at a time. */
interface EventBits {
    /** Ports are below this number. */
    int ports();

    /** Marks a port pending and, unless it was or is masked, has the vCPU look. */
    void raise(int port, int vcpu);

    /** Unmasks a port, and has the vCPU look if it is pending. */
    void unmask(int port, int vcpu);

    /** Forgets that a port is pending: it was closed. */
    void clear(int port);

    boolean isPending(int port);
}
