package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.List;

/**
 * One hypercall: what a paravirtual guest asks of the VMM instead of executing a sensitive instruction. One class each, without
 * state of its own: what it works on belongs to the domain or to the vCPU.
 */
public interface Hypercall {
    /** As in the public header xen.h. */
    int number();

    /** As in the public header, without its prefix: {@code mmu_update}. */
    String hypercallName();

    /** What it does, in a line for people. */
    String about();

    /** Its operations that there are, as the public header names them; none if it has but one. All others answer ENOSYS. */
    default List<String> operations() {
        return List.of();
    }

    /**
     * Does it.
     *
     * @param vcpu the caller, whose guest kernel is at work; reach the domain through it
     * @param args the arguments: RDI, RSI, RDX, R10, R8, R9
     * @return what the guest finds in RAX
     * @throws XenError for the error to return; what was done before stays done
     * @throws Preempted if {@code args} are now those of the rest: when {@link Vcpu#preemption} says that a list is long enough
     */
    long call(Vcpu vcpu, long[] args);
}
