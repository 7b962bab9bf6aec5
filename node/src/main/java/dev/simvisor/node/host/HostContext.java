package dev.simvisor.node.host;

import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.MigrationBroken;

/** What a migration may do on its host. */
interface HostContext {
    /** The virtual time up to which all VMs of the host have run. */
    long nowNanos();

    /** The host's link has carried so many bytes of a VM away. */
    void sent(long bytes);

    /** Sends to the controller; it arrives one latency of the host's link later. */
    void tellController(HostMessage.Builder message);

    /** Tells the controller that a migration, or a clone on its way, has come to nothing. */
    default void tellBroken(long migration, String reason) {
        tellController(HostMessage.newBuilder()
                .setBroken(MigrationBroken.newBuilder().setMigration(migration).setReason(reason)));
    }

    /** Sends to another host, at a virtual time that is not before the present window, over a path of the given latency. */
    void tellHost(String host, long sentNanos, long latencyNanos, HostMessage.Builder message);

    void at(Due due);

    /** Makes a VM one of the host's. */
    void adopt(VirtualMachine vm);

    /** One of the host's VMs has come with a state, by a migration or as a copy: its card is to be known here. */
    void arrived(VirtualMachine vm);

    /** One of the host's VMs, which stays for the sake of its pages at most, is about to go on elsewhere: frames for it leave the host. */
    void unplug(VirtualMachine vm);

    /** A VM that was unplugged goes on here after all. */
    void plug(VirtualMachine vm);

    /** Has a VM's disks be its own that another host gives up at the same time. */
    void takeDisks(VirtualMachine vm) throws InterruptedException;

    /** Ends a VM here, without a word to anybody, and gives its memory back. */
    void destroy(VirtualMachine vm);

    /** Holds a VM back: so much of the time its vCPUs have no processor, until told otherwise; 0 is no throttle. */
    void throttle(VirtualMachine vm, int percent);

    /** Which VMs can execute has changed. */
    void reschedule();
}
