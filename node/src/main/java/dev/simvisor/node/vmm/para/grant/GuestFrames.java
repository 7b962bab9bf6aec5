package dev.simvisor.node.vmm.para.grant;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.util.OptionalLong;
import java.util.function.IntSupplier;

/** The frames of a running domain, whose uses as writable memory and as page tables exclude each other. */
public final class GuestFrames implements DomainFrames {
    private final DomainMemory memory;
    private final FrameTable frames;
    private final IntSupplier sharedFrame;

    /**
     * Of one domain.
     *
     * @param sharedFrame allocates a frame that the VMM shares with the guest, and throws ENOMEM when there are no more
     */
    public GuestFrames(DomainMemory memory, FrameTable frames, IntSupplier sharedFrame) {
        this.memory = memory;
        this.frames = frames;
        this.sharedFrame = sharedFrame;
    }

    @Override
    public boolean owns(long mfn) {
        int gfn = memory.gfn(mfn);
        return gfn != DomainMemory.NONE && gfn < memory.guestFrames() && frames.isAllocated(gfn);
    }

    @Override
    public boolean take(long mfn, boolean writable) {
        int gfn = memory.gfn(mfn);
        try {
            if (writable) {
                frames.takeAs(gfn, FrameType.WRITABLE);
            } else {
                frames.take(gfn);
            }
            return true;
        } catch (XenError _) {
            return false;
        }
    }

    @Override
    public void drop(long mfn, boolean writable) {
        int gfn = memory.gfn(mfn);
        if (writable) {
            frames.dropAs(gfn);
        } else {
            frames.drop(gfn);
        }
    }

    @Override
    public OptionalLong allocateShared() {
        try {
            return OptionalLong.of(memory.mfn(sharedFrame.getAsInt()));
        } catch (XenError _) {
            return OptionalLong.empty();
        }
    }

    @Override
    public SharedPage page(long mfn) {
        return new FramePage(memory.memory(), (long) memory.gfn(mfn) << FRAME_SHIFT);
    }

    private record FramePage(GuestMemory memory, long address) implements SharedPage {
        @Override
        public int readInt(int offset) {
            return (int) memory.read(address + offset, Integer.BYTES);
        }

        @Override
        public void writeInt(int offset, int value) {
            memory.write(address + offset, Integer.BYTES, value);
        }

        @Override
        public void read(int offset, byte[] target, int at, int length) {
            memory.read(address + offset, target, at, length);
        }

        @Override
        public void write(int offset, byte[] source, int at, int length) {
            memory.write(address + offset, source, at, length);
        }
    }
}
