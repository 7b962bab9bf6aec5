package dev.simvisor.node.vmm.para.domain;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.proto.state.ParavirtualState;
import dev.simvisor.proto.state.PinnedFrameState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;

/** A domain's state as a message, and back into a new domain of the same shape and machine frame numbers. */
public final class DomainStateCodec {
    private static final int VERSION = 1;

    private DomainStateCodec() {}

    /** All but what the machine around the domain adds. */
    public static ParavirtualState.Builder save(Domain domain) {
        int end = domain.memory().endFrame();
        FrameTable frames = domain.frames();
        ParavirtualState.Builder state = ParavirtualState.newBuilder()
                .setVersion(VERSION)
                .setMemoryBytes(domain.settings().memoryBytes())
                .setClockHertz(domain.clock().hertz())
                .setFirstMfn(domain.memory().firstMfn())
                .setClock(domain.clock().save())
                .setEvents(domain.events().save())
                .setAssists(domain.assists)
                .setSharedFrames(domain.sharedFrames);
        BitSet allocated = new BitSet();
        ByteBuffer physical = ByteBuffer.allocate(8 * end).order(ByteOrder.LITTLE_ENDIAN);
        for (int gfn = 0; gfn < end; gfn++) {
            if (frames.isAllocated(gfn)) allocated.set(gfn);
            physical.putLong(domain.space().physical(gfn));
            if (frames.isPinned(gfn)) {
                state.addPinned(PinnedFrameState.newBuilder()
                        .setGfn(gfn)
                        .setLevel(frames.type(gfn).level()));
            }
        }
        domain.vcpuList().forEach(vcpu -> state.addVcpus(VcpuStateCodec.save(vcpu)));
        return state.setAllocatedFrames(ByteString.copyFrom(allocated.toByteArray()))
                .setMachineToPhysical(ByteString.copyFrom(physical.array()));
    }

    /**
     * Takes over a saved state; the contents of memory have been restored before.
     *
     * @throws UnusableStateException when the state belongs to another kind of domain, or its page tables do not bear checking;
     *     the domain is of no use then
     */
    public static void restore(Domain domain, ParavirtualState state) throws UnusableStateException {
        checkShape(domain, state);
        try {
            restoreFrames(domain, state);
            for (Vcpu vcpu : domain.vcpuList()) VcpuStateCodec.restore(vcpu, state.getVcpus(vcpu.id()));
            domain.assists = state.getAssists();
            domain.events().restore(state.getEvents(), domain.memory().memory());
            state.getEvents().getFifo().getPagesList().forEach(page -> hold(domain, page));
            state.getEvents().getFifo().getControlBlocksList().stream()
                    .filter(block -> block >= 0)
                    .forEach(block -> hold(domain, block));
            domain.clock().restore(state.getClock());
        } catch (XenError | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new UnusableStateException("saved state does not fit this domain: " + e.getMessage());
        }
    }

    private static void checkShape(Domain domain, ParavirtualState state) throws UnusableStateException {
        if (state.getVersion() != VERSION) {
            throw new UnusableStateException("saved state has version " + state.getVersion() + ": expected " + VERSION);
        }
        boolean same = state.getMemoryBytes() == domain.settings().memoryBytes()
                && state.getClockHertz() == domain.clock().hertz()
                && state.getVcpusCount() == domain.vcpus();
        if (!same) {
            throw new UnusableStateException("saved state is of a domain with other memory, clock or vCPUs");
        }
        if (state.getFirstMfn() != domain.memory().firstMfn()) {
            throw new UnusableStateException("saved state has machine frames from 0x%x on, this domain from 0x%x on"
                    .formatted(state.getFirstMfn(), domain.memory().firstMfn()));
        }
    }

    private static void restoreFrames(Domain domain, ParavirtualState state) {
        FrameTable frames = domain.frames();
        while (domain.sharedFrames < state.getSharedFrames()) domain.allocateSharedFrame();
        BitSet allocated = BitSet.valueOf(state.getAllocatedFrames().toByteArray());
        ByteBuffer physical =
                state.getMachineToPhysical().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        for (int gfn = 0; gfn < domain.memory().endFrame(); gfn++) {
            domain.space().physical(gfn, physical.getLong(8 * gfn));
            if (allocated.get(gfn) && !frames.isAllocated(gfn)) frames.allocate(gfn);
        }
        for (PinnedFrameState pinned : state.getPinnedList()) {
            frames.pin(pinned.getGfn(), FrameType.table(pinned.getLevel()));
        }
    }

    /** Takes the use of a page that the VMM writes to. */
    private static void hold(Domain domain, long address) {
        domain.frames().takeAs((int) (address >>> 12), FrameType.WRITABLE);
    }
}
