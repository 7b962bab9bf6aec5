package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;

/**
 * The lists of mmu_update and mmuext_op: address, length, where in the guest's memory to leave how many requests were done, and
 * the domain that they are about. Of a call that was broken off, the length has a mark, and that number goes on.
 */
final class RequestList {
    /** MMU_UPDATE_PREEMPTED. */
    private static final long PREEMPTED = 1L << 31;

    private RequestList() {}

    /** Carries out a request. */
    interface Request {
        void perform(Vcpu vcpu, long at);
    }

    /** @param size of a request, in bytes */
    static long perform(Vcpu vcpu, long[] args, int size, Request request) {
        Domain.checkSelf((int) args[3] & 0xFFFF);
        long count = args[1] & ~PREEMPTED & 0xFFFF_FFFFL;
        boolean goesOn = (args[1] & PREEMPTED) != 0 && args[2] != 0;
        int before = goesOn ? vcpu.access().readInt(args[2]) : 0;
        long done = 0;
        try {
            for (; done < count; done++) {
                if (done > 0 && vcpu.preemption.isDue()) {
                    args[0] += size * done;
                    args[1] = count - done | PREEMPTED;
                    throw Preempted.REST;
                }
                request.perform(vcpu, args[0] + size * done);
            }
        } finally {
            if (args[2] != 0) vcpu.access().writeInt(args[2], before + (int) done);
        }
        return 0;
    }
}
