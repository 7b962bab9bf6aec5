package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.vmm.para.event.BackendEnd;

/** The guest's event channels, as a back end connects to them. */
public interface GuestPorts {
    /** Connects to a port that the guest made for domain 0; false when there is none such. */
    boolean connect(int port, BackendEnd end);

    void disconnect(int port);

    /** Sends the guest an event. */
    void notifyGuest(int port);
}
