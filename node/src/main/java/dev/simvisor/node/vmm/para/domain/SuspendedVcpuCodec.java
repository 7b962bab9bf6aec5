package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.system.Segmentation;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.proto.state.CallbackState;
import dev.simvisor.proto.state.CpuState;
import dev.simvisor.proto.state.SegmentState;
import dev.simvisor.proto.state.SuspendedVcpuState;
import dev.simvisor.proto.state.TrapEntryState;
import java.util.List;

/**
 * What the ABI keeps of a vCPU when its domain is suspended, as a message, and back into a vCPU of a new domain: what {@code
 * struct vcpu_guest_context} has, and the x87 and XMM registers. Back it comes by the ways that are open to the guest too.
 */
public final class SuspendedVcpuCodec {
    private static final int VECTORS = 256;
    private static final int MXCSR_BITS = 0xFFFF;
    private static final long MOST_INSTRUCTIONS = 1L << 53;
    private static final int[] DATA_SEGMENTS = {
        SegmentRegister.DS, SegmentRegister.ES, SegmentRegister.FS, SegmentRegister.GS
    };

    private SuspendedVcpuCodec() {}

    /** A vCPU that the guest has not initialised is an empty message. */
    public static SuspendedVcpuState save(Vcpu vcpu) {
        if (!vcpu.isInitialised() || !vcpu.hasKernelTable()) return SuspendedVcpuState.getDefaultInstance();
        SuspendedVcpuState.Builder state = SuspendedVcpuState.newBuilder()
                .setProcessor(visible(CpuStateCodec.save(vcpu.cpu())))
                .setSwappedGsBase(vcpu.cpu().msr.kernelGsBase)
                .setTaskSwitched(vcpu.taskSwitched())
                .setKernelMode(vcpu.inKernel())
                .setOnline(vcpu.isUp())
                .setUpcallsMasked(vcpu.upcallsMasked())
                .setFaultAddress(vcpu.faultAddress())
                .setKernelTable(vcpu.kernelTable())
                .setUserTable(vcpu.userTable())
                .setLdtEntries(vcpu.ldtEntries)
                .setKernelStack(vcpu.kernelStack)
                .setKernelStackSelector(vcpu.kernelStackSelector)
                .setVirtualIopl(vcpu.virtualIopl);
        for (int page = 0; page < vcpu.gdtPages; page++) state.addGdtFrames(vcpu.gdtFrames[page]);
        for (int page = 0; page < Vcpu.ldtPages(vcpu.ldtEntries); page++) {
            state.addLdtFrames(vcpu.ldtFrames.getOrDefault(page, DomainMemory.NONE));
        }
        return state.addAllTraps(VcpuStateCodec.traps(vcpu))
                .addAllCallbacks(VcpuStateCodec.saveCallbacks(vcpu))
                .build();
    }

    /** What of a processor's state its guest can see; CR3 is not among it, as it names a machine frame. */
    private static CpuState visible(CpuState all) {
        CpuState.Builder state = CpuState.newBuilder()
                .setVersion(all.getVersion())
                .setModel(all.getModel())
                .addAllGeneralRegisters(all.getGeneralRegistersList())
                .setInstructionPointer(all.getInstructionPointer())
                .setFlags(all.getFlags())
                .addAllDebugRegisters(all.getDebugRegistersList())
                .addAllXmm(all.getXmmList())
                .setMxcsr(all.getMxcsr())
                .setFpu(all.getFpu())
                .setInstructionsExecuted(all.getInstructionsExecuted());
        for (SegmentState segment : all.getSegmentsList().subList(0, SegmentRegister.GS + 1)) {
            state.addSegments(
                    SegmentState.newBuilder().setSelector(segment.getSelector()).setBase(segment.getBase()));
        }
        return state.build();
    }

    /**
     * Restores a vCPU; the domain's frames have been restored before.
     *
     * @throws XenError when something is not what a guest may have
     * @throws IllegalArgumentException saying what makes no sense
     */
    public static void restore(Vcpu vcpu, SuspendedVcpuState state) {
        if (!state.hasProcessor()) return;
        check(state);
        vcpu.kernelTable(state.getKernelTable());
        if (state.getUserTable() != DomainMemory.NONE) vcpu.userTable(state.getUserTable());
        vcpu.gdt(state.getGdtFramesList().stream().mapToInt(Integer::intValue).toArray());
        vcpu.restoreLdt(state.getLdtFramesList(), state.getLdtEntries());
        for (TrapEntryState trap : state.getTrapsList()) {
            vcpu.traps.set(trap.getVector(), trap.getFlags(), trap.getSelector(), trap.getAddress());
        }
        List<Callback> callbacks = VcpuStateCodec.callbacks(vcpu);
        for (int n = 0; n < callbacks.size(); n++) {
            CallbackState callback = state.getCallbacks(n);
            callbacks.get(n).set(callback.getAddress(), callback.getDisablesEvents());
        }
        vcpu.kernelStack = state.getKernelStack();
        vcpu.kernelStackSelector = state.getKernelStackSelector() & 0xFFFF | 3;
        vcpu.virtualIopl = state.getVirtualIopl() & Flags.IOPL;
        restoreProcessor(vcpu, state);
        vcpu.maskUpcalls(state.getUpcallsMasked());
        vcpu.faultAddress(state.getFaultAddress());
        vcpu.initialised(true);
    }

    /** Starts a restored vCPU's time, once the domain's is known. One that waited for an event looks whether it has come. */
    public static void start(Vcpu vcpu, SuspendedVcpuState state) {
        vcpu.runState.enteredNanos = vcpu.domain().clock().nanos();
        vcpu.time.outdate();
        vcpu.renewTime();
        if (state.getOnline()) vcpu.up();
    }

    private static void check(SuspendedVcpuState state) {
        int callbacks = state.getCallbacksCount();
        if (callbacks != 6) throw new IllegalArgumentException(callbacks + " callbacks, expected 6");
        for (CallbackState callback : state.getCallbacksList()) canonical(callback.getAddress(), "a callback");
        canonical(state.getSwappedGsBase(), "the base of GS");
        for (TrapEntryState trap : state.getTrapsList()) {
            if (trap.getVector() < 0 || trap.getVector() >= VECTORS) {
                throw new IllegalArgumentException(
                        "a trap entry for vector " + trap.getVector() + ", expected 0 to 255");
            }
        }
        int entries = state.getLdtEntries();
        if (entries < 0 || entries > 8192 || Vcpu.ldtPages(entries) != state.getLdtFramesCount()) {
            throw new IllegalArgumentException(
                    "an LDT of " + entries + " entries in " + state.getLdtFramesCount() + " pages");
        }
        if (state.getGdtFramesCount() > Vcpu.MOST_GDT_PAGES) {
            throw new IllegalArgumentException(
                    "a GDT of " + state.getGdtFramesCount() + " pages, expected at most " + Vcpu.MOST_GDT_PAGES);
        }
        if (!state.getKernelMode() && state.getUserTable() == DomainMemory.NONE) {
            throw new IllegalArgumentException("a vCPU in user mode without page tables for it");
        }
    }

    private static void canonical(long address, String what) {
        if (!LinearMemory.canonical(address)) {
            throw new IllegalArgumentException(what + " at 0x%x, which is not canonical".formatted(address));
        }
    }

    private static void restoreProcessor(Vcpu vcpu, SuspendedVcpuState saved) {
        Cpu cpu = vcpu.cpu();
        CpuState state = saved.getProcessor();
        if (state.getSegmentsCount() != SegmentRegister.GS + 1) {
            throw new IllegalArgumentException(
                    "state of " + state.getSegmentsCount() + " segment registers, expected 6");
        }
        if (state.getInstructionsExecuted() < 0 || state.getInstructionsExecuted() > MOST_INSTRUCTIONS) {
            throw new IllegalArgumentException(
                    "a count of " + state.getInstructionsExecuted() + " instructions, expected at most 2^53");
        }
        vcpu.enterMode(saved.getKernelMode());
        // All that is the VMM's stays as it was made.
        CpuStateCodec.restore(
                cpu,
                CpuStateCodec.save(cpu).toBuilder()
                        .setVersion(state.getVersion())
                        .setModel(state.getModel())
                        .clearGeneralRegisters()
                        .addAllGeneralRegisters(state.getGeneralRegistersList())
                        .clearXmm()
                        .addAllXmm(state.getXmmList())
                        .setMxcsr(state.getMxcsr() & MXCSR_BITS)
                        .setFpu(state.getFpu())
                        .setInstructionsExecuted(state.getInstructionsExecuted())
                        .build());
        vcpu.taskSwitched(saved.getTaskSwitched());
        for (int number : new int[] {0, 1, 2, 3, 6, 7}) {
            vcpu.debugRegister(number, state.getDebugRegisters(number));
        }
        for (int segment : DATA_SEGMENTS) load(cpu, segment, state.getSegments(segment));
        cpu.msr.kernelGsBase = saved.getSwappedGsBase();
        try {
            vcpu.returnTo(
                    state.getInstructionPointer(),
                    state.getSegments(SegmentRegister.CS).getSelector() & 0xFFFF | 3,
                    state.getFlags(),
                    cpu.gpr[Cpu.RSP],
                    state.getSegments(SegmentRegister.SS).getSelector() & 0xFFFF | 3);
        } catch (GuestException refused) {
            throw new IllegalArgumentException("segments that cannot be loaded");
        }
        vcpu.engine().flushCode();
        vcpu.flushTlb();
    }

    private static void load(Cpu cpu, int segment, SegmentState state) {
        canonical(state.getBase(), "a segment");
        try {
            Segmentation.load(cpu, segment, state.getSelector() & 0xFFFF);
        } catch (GuestException noSuchSegment) {
            Segmentation.load(cpu, segment, 0);
        }
        if (segment == SegmentRegister.FS || segment == SegmentRegister.GS) {
            cpu.segmentBase[segment] = state.getBase();
            cpu.updateSegment(segment);
        }
    }
}
