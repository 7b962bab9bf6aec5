package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DirectPaging;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;

/** Changes the level-1 entry for a linear address of the present address space. */
final class UpdateVaMapping implements Hypercall {
    private static final long FLUSH_KIND = 3;
    private static final long FLUSH_TLB = 1;
    private static final long FLUSH_PAGE = 2;
    private static final long EVERY_VCPU = 1 << 2;

    @Override
    public int number() {
        return 14;
    }

    @Override
    public String hypercallName() {
        return "update_va_mapping";
    }

    @Override
    public String about() {
        return "changes the level-1 entry for a linear address of the present address space";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        long linear = args[0];
        DirectPaging paging = vcpu.domain().paging();
        int table = paging.tableOf(vcpu.kernelTable(), linear);
        if (table == DomainMemory.NONE) throw XenError.EINVAL;
        vcpu.domain().ledger().count(ExitKind.PAGE_TABLE_UPDATE);
        paging.update(table, PageTableEntry.index(linear, 1), args[1], false);
        flush(vcpu, linear, args[2]);
        return 0;
    }

    private static void flush(Vcpu vcpu, long linear, long flags) {
        long kind = flags & FLUSH_KIND;
        if (kind != FLUSH_TLB && kind != FLUSH_PAGE) return;
        long target = flags & ~FLUSH_KIND;
        long mask = target == 0 ? 1L << vcpu.id() : target == EVERY_VCPU ? -1 : VcpuMask.read(vcpu, target);
        if (kind == FLUSH_TLB) VcpuMask.flush(vcpu.domain(), mask);
        else VcpuMask.flushPage(vcpu.domain(), mask, linear);
    }
}
