package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.List;

/**
 * One hypercall: what a paravirtual guest asks of the VMM instead of executing a sensitive instruction. One class each, without
 * state of its own: what it works on belongs to the domain or to the vCPU.
 */
public interface Hypercall {
    /**
     * Most elements of a list that one call takes. Xen takes any number, breaks such a call off when something else is due and
     * goes on with it later; here a call is one instant, which a guest must not be able to draw out.
     */
    int LONGEST_LIST = 4096;

    /** A list's length; throws E2BIG if it is too long. */
    static long listLength(long count) {
        if (Long.compareUnsigned(count, LONGEST_LIST) > 0) throw XenError.E2BIG;
        return count;
    }

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
     * @param args the five arguments: RDI, RSI, RDX, R10, R8
     * @return what the guest finds in RAX
     * @throws XenError for the error to return; what was done before stays done
     */
    long call(Vcpu vcpu, long[] args);
}
