package dev.simvisor.node.vmm.para.image;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.SuspendedVcpuCodec;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.proto.state.ClockState;
import dev.simvisor.proto.state.PhysicalRunState;
import dev.simvisor.proto.state.PinnedFrameState;
import dev.simvisor.proto.state.SuspendedDomainState;
import dev.simvisor.proto.state.SuspendedVcpuState;
import java.util.BitSet;

/** A suspended domain's image, but for its pages, as a message; and back into a new domain, which is suspended then too. */
public final class SuspendedDomainCodec {
    private static final int VERSION = 1;
    private static final long NOTHING = -1;
    private static final long MOST_CYCLES = 1L << 61;

    private SuspendedDomainCodec() {}

    /** All but the rings, which are the machine's around the domain. */
    public static SuspendedDomainState.Builder save(Domain domain) {
        SuspendedDomainState.Builder state = SuspendedDomainState.newBuilder()
                .setVersion(VERSION)
                .setMemoryBytes(domain.settings().memoryBytes())
                .setClockHertz(domain.clock().hertz())
                .setCycles(domain.clock().cycles())
                .setAssists(domain.assists())
                .setStartInfo(domain.startInfo())
                .setPfns(domain.shared().pfns())
                .setFrameListList(frameListList(domain));
        for (Vcpu vcpu : domain.vcpuList()) {
            SuspendedVcpuState saved = SuspendedVcpuCodec.save(vcpu);
            state.addVcpus(vcpu.id() == 0 ? SuspensionCall.canonical(saved, domain.startInfo()) : saved);
        }
        saveFrames(domain, state);
        return state;
    }

    private static int frameListList(Domain domain) {
        int gfn = domain.memory().gfn(domain.shared().frameListList());
        return domain.isPlain(gfn) ? gfn : DomainMemory.NONE;
    }

    private static void saveFrames(Domain domain, SuspendedDomainState.Builder state) {
        FrameTable frames = domain.frames();
        BitSet allocated = new BitSet();
        PhysicalRunState.Builder run = PhysicalRunState.newBuilder();
        for (int gfn = 0; gfn < domain.memory().guestFrames(); gfn++) {
            if (frames.isAllocated(gfn)) allocated.set(gfn);
            if (frames.isPinned(gfn)) {
                state.addPinned(PinnedFrameState.newBuilder()
                        .setGfn(gfn)
                        .setLevel(frames.type(gfn).level()));
            }
            long pfn = domain.space().physical(gfn);
            if (pfn == NOTHING) continue;
            boolean follows = run.getFirstGfn() + run.getCount() == gfn && run.getFirstPfn() + run.getCount() == pfn;
            if (!follows) {
                if (run.getCount() > 0) state.addMachineToPhysical(run.build());
                run.setFirstGfn(gfn).setFirstPfn(pfn).setCount(0);
            }
            run.setCount(run.getCount() + 1);
        }
        if (run.getCount() > 0) state.addMachineToPhysical(run.build());
        state.setAllocatedFrames(ByteString.copyFrom(allocated.toByteArray()));
    }

    /**
     * Makes a new domain the one that was saved. Its pages are in memory already, in canonical form.
     *
     * @throws UnusableStateException when the state belongs to another kind of domain, or is not what a guest can have brought
     *     about; the domain is of no use then
     */
    public static void restore(Domain domain, SuspendedDomainState state) throws UnusableStateException {
        checkShape(domain, state);
        try {
            restoreFrames(domain, state);
            for (Vcpu vcpu : domain.vcpuList()) SuspendedVcpuCodec.restore(vcpu, state.getVcpus(vcpu.id()));
            domain.assists(state.getAssists());
            domain.clock()
                    .restore(
                            ClockState.newBuilder().setCycles(state.getCycles()).build());
            for (Vcpu vcpu : domain.vcpuList()) SuspendedVcpuCodec.start(vcpu, state.getVcpus(vcpu.id()));
            restoreFrameList(domain, state);
            suspend(domain, state);
        } catch (XenError | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new UnusableStateException("saved state is not that of a paravirtual guest: " + e.getMessage());
        }
    }

    private static void checkShape(Domain domain, SuspendedDomainState state) throws UnusableStateException {
        if (state.getVersion() != VERSION) {
            throw new UnusableStateException("saved state has version " + state.getVersion() + ": expected " + VERSION);
        }
        boolean same = state.getMemoryBytes() == domain.settings().memoryBytes()
                && state.getClockHertz() == domain.clock().hertz()
                && state.getVcpusCount() == domain.vcpus();
        if (!same) {
            throw new UnusableStateException(
                    "saved state is of a domain with %d bytes, %d Hz and %d vCPUs: expected %d, %d and %d"
                            .formatted(
                                    state.getMemoryBytes(),
                                    state.getClockHertz(),
                                    state.getVcpusCount(),
                                    domain.settings().memoryBytes(),
                                    domain.clock().hertz(),
                                    domain.vcpus()));
        }
        if (!state.getVcpus(0).hasProcessor() || state.getCycles() < 0 || state.getCycles() > MOST_CYCLES) {
            throw new UnusableStateException("saved state has no first vCPU, or no time");
        }
    }

    private static void restoreFrames(Domain domain, SuspendedDomainState state) throws UnusableStateException {
        int guestFrames = domain.memory().guestFrames();
        BitSet allocated = BitSet.valueOf(state.getAllocatedFrames().toByteArray());
        for (int gfn = 0; gfn < guestFrames; gfn++) {
            if (allocated.get(gfn)) domain.frames().allocate(gfn);
            else domain.memory().memory().clearPage(gfn);
        }
        for (PhysicalRunState run : state.getMachineToPhysicalList()) {
            if (run.getFirstGfn() < 0 || run.getCount() < 0 || run.getFirstGfn() > guestFrames - run.getCount()) {
                throw new UnusableStateException("saved state numbers " + run.getCount() + " frames from "
                        + run.getFirstGfn() + " on, of " + guestFrames);
            }
            for (int n = 0; n < run.getCount(); n++) {
                domain.space().physical(run.getFirstGfn() + n, run.getFirstPfn() + n);
            }
        }
        Localisation tables = new Localisation(domain);
        for (PinnedFrameState pinned : state.getPinnedList()) tables.table(pinned.getGfn(), pinned.getLevel());
        for (SuspendedVcpuState vcpu : state.getVcpusList()) {
            if (!vcpu.hasProcessor()) continue;
            tables.table(vcpu.getKernelTable(), 4);
            if (vcpu.getUserTable() != DomainMemory.NONE) tables.table(vcpu.getUserTable(), 4);
        }
        for (PinnedFrameState pinned : state.getPinnedList()) {
            domain.frames().pin(pinned.getGfn(), FrameType.table(pinned.getLevel()));
        }
    }

    private static void restoreFrameList(Domain domain, SuspendedDomainState state) {
        int root = state.getFrameListList();
        domain.shared()
                .frameList(
                        state.getPfns(), domain.isPlain(root) ? domain.memory().mfn(root) : 0);
        MachineFrameList.visit(domain, gfn -> MachineFrameList.localise(domain, gfn));
    }

    private static void suspend(Domain domain, SuspendedDomainState state) throws UnusableStateException {
        if (!domain.isPlain(state.getStartInfo())) {
            throw new UnusableStateException(
                    "saved state has its start info in frame " + state.getStartInfo() + ", which cannot hold it");
        }
        domain.suspend(state.getStartInfo());
        SuspensionCall.localise(domain);
    }
}
