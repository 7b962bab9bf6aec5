package dev.simvisor.node.vmm.para.domain;

import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.proto.state.ParavirtualState;
import dev.simvisor.proto.state.PinnedFrameState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;

/** All of a domain's state as a message, for its hash. */
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
}
