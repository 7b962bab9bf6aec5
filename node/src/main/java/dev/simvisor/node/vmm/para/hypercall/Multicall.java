package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;

/** Several hypercalls at the cost of one entry into the VMM: a list of {@code struct multicall_entry}, each with its own result. */
final class Multicall implements Hypercall {
    private static final int ENTRY = 64;
    private static final int ARGUMENTS = 6;
    /** Shorter than other lists, because each entry may have one. */
    private static final int LONGEST = 256;

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
        GuestAccess access = vcpu.access();
        long count = args[1] & 0xFFFF_FFFFL;
        if (count > LONGEST) throw XenError.E2BIG;
        long[] arguments = new long[ARGUMENTS];
        for (long n = 0; n < count; n++) {
            long entry = args[0] + ENTRY * n;
            for (int a = 0; a < ARGUMENTS; a++) arguments[a] = access.readLong(entry + 16 + 8L * a);
            access.writeLong(entry + 8, one(vcpu, access.readLong(entry), arguments));
        }
        return 0;
    }

    private long one(Vcpu vcpu, long number, long[] arguments) {
        Hypercall hypercall = table.find(number);
        if (hypercall == null || hypercall == this || hypercall instanceof Iret) return XenError.ENOSYS.result();
        vcpu.domain().ledger().count(ExitKind.MULTICALL_ENTRY, hypercall.hypercallName());
        try {
            return hypercall.call(vcpu, arguments);
        } catch (XenError error) {
            return error.result();
        }
    }
}
