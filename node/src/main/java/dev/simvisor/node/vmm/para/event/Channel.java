package dev.simvisor.node.vmm.para.event;

/** What a port is connected to. */
public sealed interface Channel {
    /** Waits for a domain to connect to it. */
    record Unbound(int remoteDomain) implements Channel {}

    /** Connected to another port of the same domain. */
    record Loopback(int remotePort) implements Channel {}

    /** Connected to a backend in the VMM, which stands in for another domain. */
    record Backend(int remoteDomain, Runnable onNotify) implements Channel {}

    /** Raised by the VMM for a virtual interrupt, such as a vCPU's timer. */
    record VirtualInterrupt(int number) implements Channel {}

    /** From one vCPU of the domain to another. */
    record InterProcessor() implements Channel {}
}
