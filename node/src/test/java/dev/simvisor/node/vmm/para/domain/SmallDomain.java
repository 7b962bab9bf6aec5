package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;

/**
 * Domains of 4 MiB on one host, for tests. Frame n is mapped, as the kernel's, at n pages above {@link #BASE}, but for the
 * page tables, which are the last frames.
 */
public final class SmallDomain implements AutoCloseable {
    public static final long BASE = 0xFFFF_FFFF_8000_0000L;
    public static final int FRAMES = 1024;
    /** Frames below may be mapped writable by tests. */
    public static final int FREE_FRAMES = 1000;

    public static final int ROOT = 1020;
    public static final int L3 = 1021;
    public static final int L2 = 1022;
    public static final int FIRST_L1 = 1023;
    public static final int SECOND_L1 = 1019;

    private static final long KERNEL_PAGE = PageTableEntry.PRESENT | PageTableEntry.WRITABLE;
    private static final long TABLE = KERNEL_PAGE | PageTableEntry.USER;

    private final MachineMemory memory = MachineMemory.ofBytes(64 << 20);
    private final MachineAddressMap map = new MachineAddressMap();
    public final Domain domain;
    public final Domain neighbour;

    public SmallDomain(int vcpus) {
        domain = make(vcpus);
        neighbour = make(1);
        for (int gfn = 0; gfn < FRAMES; gfn++) {
            domain.frames().allocate(gfn);
            neighbour.frames().allocate(gfn);
        }
        FrameTable frames = domain.frames();
        frames.write(ROOT, 511, PageTableEntry.of(mfn(L3), TABLE));
        frames.write(L3, 510, PageTableEntry.of(mfn(L2), TABLE));
        frames.write(L2, 0, PageTableEntry.of(mfn(FIRST_L1), TABLE));
        frames.write(L2, 1, PageTableEntry.of(mfn(SECOND_L1), TABLE));
        for (int gfn = 0; gfn < FREE_FRAMES; gfn++) {
            frames.write(gfn < 512 ? FIRST_L1 : SECOND_L1, gfn & 511, PageTableEntry.of(mfn(gfn), KERNEL_PAGE));
        }
        frames.pin(ROOT, FrameType.L4);
        domain.vcpuList().forEach(vcpu -> vcpu.kernelTable(ROOT));
        domain.vcpu(0).initialised(true);
        domain.vcpu(0).up();
    }

    private Domain make(int vcpus) {
        DomainSettings settings = new DomainSettings(
                (long) FRAMES << 12,
                vcpus,
                CpuModel.BASELINE,
                MachineConfiguration.DEFAULT_CLOCK_HERTZ,
                1000,
                MachineConfiguration.DEFAULT_TIME_OF_DAY);
        return new Domain(settings, memory, map, new ExitLedger(ExitCosts.NONE), Interpreter::new);
    }

    public long mfn(int gfn) {
        return domain.memory().mfn(gfn);
    }

    public Vcpu vcpu() {
        return domain.vcpu(0);
    }

    /** Linear address of a frame. */
    public static long linear(int gfn) {
        return BASE + ((long) gfn << 12);
    }

    @Override
    public void close() {
        domain.close();
        neighbour.close();
        memory.close();
    }
}
