package dev.simvisor.node.host;

import dev.simvisor.node.vmm.VirtualMachine;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a host's own thread has a VM do may run code that guests can make meet a bug: a paravirtual guest's back ends answer at
 * once when it is asked to suspend itself. Such a bug crashes that VM alone, as {@link VcpuThread} has it of a run; the host
 * finds the VM ended when it lets its VMs run next.
 */
final class BugContainment {
    private static final Logger LOG = LoggerFactory.getLogger(BugContainment.class);

    private BugContainment() {}

    static void contain(VirtualMachine vm, Consumer<VirtualMachine> action) {
        try {
            action.accept(vm);
        } catch (Throwable e) {
            vm.crash("bug of the simulator: " + e);
            LOG.error("VM {} met a bug of the simulator", vm.name(), e);
        }
    }
}
