package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;

/** Makes frames of the guest its descriptor table, up to where the VMM has its own descriptors. */
final class SetGdt implements Hypercall {
    private static final int MOST_ENTRIES = 512 * HypervisorSpace.RESERVED_PAGE;

    @Override
    public int number() {
        return 2;
    }

    @Override
    public String hypercallName() {
        return "set_gdt";
    }

    @Override
    public String about() {
        return "makes frames of the guest its descriptor table, up to where the VMM has its own descriptors";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        long entries = args[1] & 0xFFFF_FFFFL;
        if (entries > MOST_ENTRIES) throw XenError.EINVAL;
        int[] gfns = new int[(int) (entries + 511) / 512];
        for (int n = 0; n < gfns.length; n++) {
            gfns[n] = vcpu.domain().memory().gfn(vcpu.access().readLong(args[0] + 8L * n));
            if (gfns[n] == DomainMemory.NONE) throw XenError.EINVAL;
        }
        vcpu.gdt(gfns);
        return 0;
    }
}
