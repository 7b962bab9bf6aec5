package dev.simvisor.node.vmm.para.hypercall;

import static dev.simvisor.node.cpu.SegmentRegister.FS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.system.Segmentation;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;

/** Sets the base of FS, or of GS for the kernel or for programs. */
final class SetSegmentBase implements Hypercall {
    private static final int FS_BASE = 0;
    private static final int GS_USER = 1;
    private static final int GS_KERNEL = 2;
    private static final int GS_USER_SELECTOR = 3;

    @Override
    public int number() {
        return 25;
    }

    @Override
    public String hypercallName() {
        return "set_segment_base";
    }

    @Override
    public String about() {
        return "sets the base of FS, or of GS for the kernel or for programs";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        long base = args[1];
        int which = (int) args[0];
        if (which != GS_USER_SELECTOR && !LinearMemory.canonical(base)) throw XenError.EINVAL;
        Cpu cpu = vcpu.cpu();
        switch (which) {
            case FS_BASE -> {
                cpu.segmentBase[FS] = base;
                cpu.updateSegment(FS);
            }
            // The kernel calls: the base of programs is the one that is swapped out.
            case GS_USER -> cpu.msr.kernelGsBase = base;
            case GS_KERNEL -> {
                cpu.segmentBase[GS] = base;
                cpu.updateSegment(GS);
            }
            case GS_USER_SELECTOR -> loadUserSelector(cpu, (int) base & 0xFFFF);
            default -> throw XenError.EINVAL;
        }
        return 0;
    }

    private static void loadUserSelector(Cpu cpu, int selector) {
        long kernelBase = cpu.segmentBase[GS];
        try {
            Segmentation.load(cpu, GS, selector);
        } catch (GuestException noSuchSegment) {
            Segmentation.load(cpu, GS, 0);
        }
        cpu.msr.kernelGsBase = cpu.segmentBase[GS];
        cpu.segmentBase[GS] = kernelBase;
        cpu.updateSegment(GS);
    }
}
