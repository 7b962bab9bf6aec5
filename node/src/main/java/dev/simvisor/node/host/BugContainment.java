package dev.simvisor.node.host;

import dev.simvisor.node.vmm.VirtualMachine;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest must not end the simulator, nor what other guests run on, whatever bug of ours it happens to meet: not in a run, nor in
 * what else a VM is had to do, as a paravirtual guest's back ends answer at once when it is asked to suspend itself. The bug crashes
 * that VM alone, and the host finds it ended when it lets its VMs run next.
 */
final class BugContainment {
    private static final Logger LOG = LoggerFactory.getLogger(BugContainment.class);

    private BugContainment() {}

    static void contain(VirtualMachine vm, Consumer<VirtualMachine> action) {
        try {
            action.accept(vm);
        } catch (Throwable e) { // errors of the JVM's too, such as of a heap that is too small for what the guest does
            vm.crash("bug of the simulator: " + e);
            LOG.error("VM {} met a bug of the simulator", vm.name(), e);
        }
    }
}
