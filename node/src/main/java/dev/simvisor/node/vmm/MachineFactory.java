package dev.simvisor.node.vmm;

import dev.simvisor.proto.api.VmSpec;
import java.util.List;

/** Builds the machines of one physical host's VMs, in that host's memory. */
public interface MachineFactory extends AutoCloseable {
    /** A machine, or one line that says why not. */
    sealed interface Built {
        record Ready(GuestMachine machine) implements Built {}

        record Refused(String reason) implements Built {}
    }

    /** A machine with the VM's kernel or firmware loaded, about to execute its first instruction. */
    Built booted(VmSpec spec);

    /** A machine of the same shape with nothing in it, to be filled by a migration or a snapshot. */
    Built blank(VmSpec spec);

    /** Bytes of host memory that no VM has reserved. */
    long freeBytes();

    /**
     * Has pages of VMs of this host share frames, as {@link dev.simvisor.node.machine.memory.PageSharing} does.
     *
     * @param machines that this factory made, in an order that is the same in each run
     */
    void sharePages(List<GuestMachine> machines);

    /** Bytes of host memory that VMs' pages would take besides if none shared a frame. */
    long savedBytes();

    /** Gives the memory back; all machines must have been closed before. */
    @Override
    void close();
}
