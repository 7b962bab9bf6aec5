package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import java.util.List;

/** Pins page tables, switches to them, and flushes translations. */
final class MmuExtOp implements Hypercall {
    private static final int OPERATION = 24;
    private static final int PIN_L1 = 0;
    private static final int PIN_L4 = 3;
    private static final int UNPIN = 4;
    private static final int NEW_BASE = 5;
    private static final int FLUSH_LOCAL = 6;
    private static final int FLUSH_PAGE_LOCAL = 7;
    private static final int FLUSH_SOME = 8;
    private static final int FLUSH_PAGE_SOME = 9;
    private static final int FLUSH_ALL = 10;
    private static final int FLUSH_PAGE_ALL = 11;
    private static final int FLUSH_CACHE = 12;
    private static final int SET_LDT = 13;
    private static final int NEW_USER_BASE = 15;
    private static final int CLEAR_PAGE = 16;
    private static final int COPY_PAGE = 17;
    private static final int MOST_LDT_ENTRIES = 8192;

    @Override
    public int number() {
        return 26;
    }

    @Override
    public String hypercallName() {
        return "mmuext_op";
    }

    @Override
    public String about() {
        return "pins page tables, switches to them, and flushes translations";
    }

    @Override
    public List<String> operations() {
        return List.of(
                "pin_l1_table",
                "pin_l2_table",
                "pin_l3_table",
                "pin_l4_table",
                "unpin_table",
                "new_baseptr",
                "tlb_flush_local",
                "invlpg_local",
                "tlb_flush_multi",
                "invlpg_multi",
                "tlb_flush_all",
                "invlpg_all",
                "set_ldt",
                "new_user_baseptr",
                "clear_page",
                "copy_page");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        return RequestList.perform(vcpu, args, OPERATION, MmuExtOp::perform);
    }

    private static void perform(Vcpu vcpu, long operation) {
        GuestAccess access = vcpu.access();
        int command = access.readInt(operation);
        long arg1 = access.readLong(operation + 8);
        long arg2 = access.readLong(operation + 16);
        Domain domain = vcpu.domain();
        switch (command) {
            case FLUSH_LOCAL -> vcpu.flushTlb();
            case FLUSH_ALL -> VcpuMask.flush(domain, -1);
            case FLUSH_SOME -> VcpuMask.flush(domain, VcpuMask.read(vcpu, arg2));
            case FLUSH_PAGE_LOCAL -> VcpuMask.flushPage(domain, 1L << vcpu.id(), arg1);
            case FLUSH_PAGE_ALL -> VcpuMask.flushPage(domain, -1, arg1);
            case FLUSH_PAGE_SOME -> VcpuMask.flushPage(domain, VcpuMask.read(vcpu, arg2), arg1);
            case FLUSH_CACHE -> throw XenError.EACCES;
            case SET_LDT -> {
                long entries = arg2 & 0xFFFF_FFFFL;
                if ((arg1 & 0xFFF) != 0 || entries > MOST_LDT_ENTRIES) throw XenError.EINVAL;
                vcpu.ldt(arg1, (int) entries);
            }
            case NEW_USER_BASE -> {
                if (arg1 == 0) vcpu.userTable(DomainMemory.NONE);
                else vcpu.userTable(gfn(domain, arg1));
            }
            default -> onFrame(vcpu, command, gfn(domain, arg1), arg2);
        }
    }

    private static void onFrame(Vcpu vcpu, int command, int gfn, long source) {
        FrameTable frames = vcpu.domain().frames();
        switch (command) {
            case PIN_L1, PIN_L1 + 1, PIN_L1 + 2, PIN_L4 -> frames.pin(gfn, FrameType.table(command - PIN_L1 + 1));
            case UNPIN -> frames.unpin(gfn);
            case NEW_BASE -> vcpu.kernelTable(gfn);
            case CLEAR_PAGE -> {
                frames.takeAs(gfn, FrameType.WRITABLE);
                for (int index = 0; index < 512; index++) frames.write(gfn, index, 0);
                frames.dropAs(gfn);
            }
            case COPY_PAGE -> {
                int from = gfn(vcpu.domain(), source);
                if (!frames.isAllocated(from)) throw XenError.EINVAL;
                frames.takeAs(gfn, FrameType.WRITABLE);
                for (int index = 0; index < 512; index++) frames.write(gfn, index, frames.read(from, index));
                frames.dropAs(gfn);
            }
            default -> throw XenError.ENOSYS;
        }
    }

    private static int gfn(Domain domain, long mfn) {
        int gfn = domain.memory().gfn(mfn);
        if (gfn == DomainMemory.NONE) throw XenError.EINVAL;
        return gfn;
    }
}
