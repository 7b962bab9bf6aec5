package dev.simvisor.controller.placement;

import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.VmSpec;
import java.util.List;
import java.util.Optional;

/** Chooses a host for a VM. The same arguments give the same choice. */
public interface Placement {
    /**
     * @param candidates hosts that have room for the VM and support its mode, by name, in which numbers count as such
     * @return the name of one of them; empty when there is none
     */
    Optional<String> choose(VmSpec vm, List<Host> candidates);

    /** In the words of the configuration. */
    String label();
}
