package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.vmm.para.event.BackendEnd;
import dev.simvisor.node.vmm.para.event.EventChannels;

/** The event channels of a running domain. */
public record EventPorts(EventChannels channels) implements GuestPorts {
    @Override
    public boolean connect(int port, BackendEnd end) {
        return channels.connectBackend(port, end);
    }

    @Override
    public void disconnect(int port) {
        channels.disconnectBackend(port);
    }

    @Override
    public void notifyGuest(int port) {
        channels.notifyGuest(port);
    }
}
