package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import java.util.List;

/** Changes page-table entries, and entries of the machine-to-physical table, by their machine addresses. */
final class MmuUpdate implements Hypercall {
    private static final int REQUEST = 16;
    private static final int COMMAND = 7;
    private static final int NORMAL = 0;
    private static final int MACHINE_TO_PHYSICAL = 1;
    private static final int PRESERVE = 2;
    private static final int NO_TRANSLATE = 3;

    @Override
    public int number() {
        return 1;
    }

    @Override
    public String hypercallName() {
        return "mmu_update";
    }

    @Override
    public String about() {
        return "changes page-table entries, and entries of the machine-to-physical table, by their machine addresses";
    }

    @Override
    public List<String> operations() {
        return List.of("normal_pt_update", "machphys_update", "pt_update_preserve_ad", "pt_update_no_translate");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        if ((args[3] & 0xFFFF_0000L) != 0) Domain.checkSelf((int) (args[3] >>> 16 & 0xFFFF) - 1);
        return RequestList.perform(vcpu, args, REQUEST, MmuUpdate::update);
    }

    private static void update(Vcpu vcpu, long request) {
        Domain domain = vcpu.domain();
        long pointer = vcpu.access().readLong(request);
        long value = vcpu.access().readLong(request + 8);
        int command = (int) pointer & COMMAND;
        int gfn = domain.memory().gfn(pointer >>> 12);
        switch (command) {
            case NORMAL, NO_TRANSLATE, PRESERVE -> {
                if (gfn == DomainMemory.NONE) throw XenError.EINVAL;
                change(domain, gfn, (int) (pointer >>> 3) & 511, value, command == PRESERVE);
            }
            case MACHINE_TO_PHYSICAL -> {
                if (gfn == DomainMemory.NONE || !domain.frames().isAllocated(gfn)) throw XenError.EINVAL;
                domain.space().physical(gfn, value);
            }
            default -> throw XenError.ENOSYS;
        }
    }

    private static void change(Domain domain, int gfn, int index, long value, boolean preserve) {
        FrameTable frames = domain.frames();
        frames.take(gfn);
        try {
            switch (frames.type(gfn)) {
                case L1, L2, L3, L4 -> {
                    domain.ledger().count(ExitKind.PAGE_TABLE_UPDATE);
                    domain.paging().update(gfn, index, value, preserve);
                }
                case NONE, WRITABLE, SEGMENT_DESCRIPTORS -> {
                    frames.takeAs(gfn, FrameType.WRITABLE);
                    frames.write(gfn, index, value);
                    frames.dropAs(gfn);
                }
            }
        } finally {
            frames.drop(gfn);
        }
    }
}
