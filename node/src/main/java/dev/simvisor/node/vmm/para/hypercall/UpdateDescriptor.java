package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.SegmentDescriptors;

/** Writes a descriptor at its machine address. */
final class UpdateDescriptor implements Hypercall {
    @Override
    public int number() {
        return 10;
    }

    @Override
    public String hypercallName() {
        return "update_descriptor";
    }

    @Override
    public String about() {
        return "writes a descriptor at its machine address";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        int gfn = vcpu.domain().memory().gfn(args[0] >>> 12);
        if (gfn == DomainMemory.NONE || (args[0] & 7) != 0) throw XenError.EINVAL;
        long descriptor = SegmentDescriptors.checked(args[1]);
        FrameTable frames = vcpu.domain().frames();
        boolean inUse = frames.type(gfn) == FrameType.SEGMENT_DESCRIPTORS;
        frames.takeAs(gfn, inUse ? FrameType.SEGMENT_DESCRIPTORS : FrameType.WRITABLE);
        frames.write(gfn, (int) args[0] >>> 3 & 511, descriptor);
        frames.dropAs(gfn);
        return 0;
    }
}
