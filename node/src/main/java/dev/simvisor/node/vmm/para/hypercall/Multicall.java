package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;

/** Several hypercalls at the cost of one entry into the VMM: a list of {@code struct multicall_entry}, each with its own result. */
final class Multicall implements Hypercall {
    private static final int ENTRY = 64;
    private static final int ARGUMENTS = 6;

    private final HypercallTable table;

    Multicall(HypercallTable table) {
        this.table = table;
    }

    @Override
    public int number() {
        return 13;
    }

    @Override
    public String hypercallName() {
        return "multicall";
    }

    @Override
    public String about() {
        return "several hypercalls at the cost of one entry into the VMM: a list of struct multicall_entry, each with its own result";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        long count = args[1] & 0xFFFF_FFFFL;
        long[] arguments = new long[ARGUMENTS];
        for (long n = 0; n < count; n++) {
            if (n > 0 && vcpu.preemption.isDue()) throw rest(args, n);
            long entry = args[0] + ENTRY * n;
            try {
                one(vcpu, entry, arguments);
            } catch (Preempted rest) {
                for (int a = 0; a < ARGUMENTS; a++) vcpu.access().writeLong(argument(entry, a), arguments[a]);
                throw rest(args, n);
            }
        }
        return 0;
    }

    /** From an entry on. */
    private static Preempted rest(long[] args, long entry) {
        args[0] += ENTRY * entry;
        args[1] = (args[1] & 0xFFFF_FFFFL) - entry;
        return Preempted.REST;
    }

    private static long argument(long entry, int number) {
        return entry + 16 + 8L * number;
    }

    private void one(Vcpu vcpu, long entry, long[] arguments) {
        GuestAccess access = vcpu.access();
        for (int a = 0; a < ARGUMENTS; a++) arguments[a] = access.readLong(argument(entry, a));
        long result = call(vcpu, access.readLong(entry), arguments);
        // The call may have switched page tables: what it left is no longer to be reached through those of before.
        vcpu.access().writeLong(entry + 8, result);
    }

    private long call(Vcpu vcpu, long number, long[] arguments) {
        Hypercall hypercall = table.find(number);
        if (hypercall == this) return XenError.EINVAL.result();
        if (hypercall == null || hypercall instanceof Iret) return XenError.ENOSYS.result();
        vcpu.domain().ledger().count(ExitKind.MULTICALL_ENTRY, hypercall.hypercallName());
        try {
            return hypercall.call(vcpu, arguments);
        } catch (XenError error) {
            return error.result();
        }
    }
}
