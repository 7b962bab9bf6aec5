package dev.simvisor.node.vmm.para.event;

/** A backend's end of an event channel, for one that connects to a port of the guest's: {@link #run} is its being notified. */
public interface BackendEnd extends Runnable {
    /** The guest has closed its port: the number may be another channel's from now on. */
    void closed();
}
