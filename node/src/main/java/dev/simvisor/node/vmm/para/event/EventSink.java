package dev.simvisor.node.vmm.para.event;

/** The vCPUs, as event channels see them. */
public interface EventSink {
    int vcpus();

    /** Marks bit {@code word} in a vCPU's selector of pending words; true if it was clear. */
    boolean select(int vcpu, int word);

    /** Has a vCPU look for events: it is woken, and its upcall is made when it does not mask it. */
    void upcall(int vcpu);

    /** An event of a port became pending: vCPUs that poll for it go on. */
    void polled(int port);
}
