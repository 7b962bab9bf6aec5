package dev.simvisor.node.vmm.para.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_OFFSET_MASK;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.para.abi.XenError;

/**
 * The guest's memory at linear addresses, as hypercalls and frames on its stack reach it: through the page tables of the
 * guest's kernel, with their permissions, never at an address of the VMM's. Whatever is not so reachable throws EFAULT.
 */
public final class GuestAccess {
    private final DomainMemory domain;
    private final GuestMemory memory;
    private final FrameTable frames;
    private final int root;

    /** @param root gfn of the level-4 table */
    public GuestAccess(DomainMemory domain, FrameTable frames, int root) {
        this.domain = domain;
        this.memory = domain.memory();
        this.frames = frames;
        this.root = root;
    }

    /** The address in {@link DomainMemory#memory()} that a linear address leads to. */
    public long translate(long linear, boolean write) {
        if (!HypervisorSpace.isGuests(linear)) throw XenError.EFAULT;
        long needed = PageTableEntry.PRESENT | PageTableEntry.USER | (write ? PageTableEntry.WRITABLE : 0);
        int table = root;
        for (int level = 4; level >= 1; level--) {
            long entry = frames.read(table, PageTableEntry.index(linear, level));
            if ((entry & needed) != needed) throw XenError.EFAULT;
            table = domain.gfn(PageTableEntry.mfn(entry));
            if (table == DomainMemory.NONE) throw XenError.EFAULT;
        }
        return (long) table << FRAME_SHIFT | linear & FRAME_OFFSET_MASK;
    }

    public void read(long linear, byte[] target, int offset, int length) {
        for (int done = 0; done < length; ) {
            long at = linear + done;
            int part = partWithinPage(at, length - done);
            memory.read(translate(at, false), target, offset + done, part);
            done += part;
        }
    }

    public byte[] read(long linear, int length) {
        byte[] bytes = new byte[length];
        read(linear, bytes, 0, length);
        return bytes;
    }

    public void write(long linear, byte[] source, int offset, int length) {
        for (int done = 0; done < length; ) {
            long at = linear + done;
            int part = partWithinPage(at, length - done);
            memory.write(translate(at, true), source, offset + done, part);
            done += part;
        }
    }

    public void write(long linear, byte[] source) {
        write(linear, source, 0, source.length);
    }

    public int readByte(long linear) {
        return (int) read(linear, 1, 0);
    }

    public int readShort(long linear) {
        return (int) read(linear, 2, 0);
    }

    public int readInt(long linear) {
        return (int) read(linear, 4, 0);
    }

    public long readLong(long linear) {
        return read(linear, 8, 0);
    }

    private long read(long linear, int size, long value) {
        if ((linear & FRAME_OFFSET_MASK) + size <= FRAME_SIZE) return memory.read(translate(linear, false), size);
        long result = value;
        for (int n = 0; n < size; n++) result |= memory.read(translate(linear + n, false), 1) << 8 * n;
        return result;
    }

    public void writeByte(long linear, int value) {
        write(linear, 1, value);
    }

    public void writeInt(long linear, int value) {
        write(linear, 4, value);
    }

    public void writeLong(long linear, long value) {
        write(linear, 8, value);
    }

    private void write(long linear, int size, long value) {
        if ((linear & FRAME_OFFSET_MASK) + size <= FRAME_SIZE) {
            memory.write(translate(linear, true), size, value);
            return;
        }
        for (int n = 0; n < size; n++) memory.write(translate(linear + n, true), 1, value >>> 8 * n);
    }

    private static int partWithinPage(long address, int length) {
        return (int) Math.min(length, FRAME_SIZE - (address & FRAME_OFFSET_MASK));
    }
}
