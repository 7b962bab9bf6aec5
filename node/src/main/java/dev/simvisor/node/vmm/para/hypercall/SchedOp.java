package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import java.util.BitSet;
import java.util.List;

/** Gives the processor away: for a while, until an event, or for good. */
final class SchedOp implements Hypercall {
    private static final int YIELD = 0;
    private static final int BLOCK = 1;
    private static final int SHUTDOWN = 2;
    private static final int POLL = 3;
    private static final int MOST_POLLED_PORTS = 128;

    @Override
    public int number() {
        return 29;
    }

    @Override
    public String hypercallName() {
        return "sched_op";
    }

    @Override
    public String about() {
        return "gives the processor away: for a while, until an event, or for good";
    }

    @Override
    public List<String> operations() {
        return List.of("yield", "block", "shutdown", "poll");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        switch ((int) args[0]) {
            case YIELD -> vcpu.yield();
            case BLOCK -> vcpu.block();
            case SHUTDOWN -> {
                int reason = vcpu.access().readInt(args[1]);
                Domain.Shutdown[] reasons = Domain.Shutdown.values();
                if (reason < 0 || reason >= reasons.length) throw XenError.EINVAL;
                if (reasons[reason] == Domain.Shutdown.SUSPEND) suspend(vcpu, args[2]);
                else vcpu.domain().shutdown(reasons[reason]);
            }
            case POLL -> poll(vcpu, args[1]);
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }

    /** The first vCPU speaks for all, and names the frame of the start info (Xen's tools find it in that vCPU's rdx). */
    private static void suspend(Vcpu vcpu, long startInfoFrame) {
        int gfn = vcpu.domain().memory().gfn(startInfoFrame);
        if (vcpu.id() != 0 || !vcpu.domain().isPlain(gfn)) throw XenError.EINVAL;
        vcpu.domain().suspend(gfn);
    }

    private static void poll(Vcpu vcpu, long arg) {
        GuestAccess access = vcpu.access();
        long list = access.readLong(arg);
        long count = access.readInt(arg + 8) & 0xFFFF_FFFFL;
        long deadlineNanos = access.readLong(arg + 16);
        if (count > MOST_POLLED_PORTS) throw XenError.EINVAL;
        Domain domain = vcpu.domain();
        BitSet ports = new BitSet();
        for (int n = 0; n < count; n++) {
            int port = access.readInt(list + 4L * n);
            if (port < 0 || port >= domain.events().portLimit()) throw XenError.EINVAL;
            ports.set(port);
        }
        boolean deliverable = vcpu.upcallPending() && !vcpu.upcallsMasked();
        if (deliverable || ports.stream().anyMatch(domain.events()::isPending)) return;
        vcpu.poll(ports, deadlineNanos == 0 ? Timer.NEVER : domain.cyclesAt(deadlineNanos));
    }
}
