package dev.simvisor.node.vmm.para.image;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.vmm.para.abi.StartInfo;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.BitSet;
import java.util.Optional;

/**
 * The guest's memory in canonical form, by gfn. Of a running domain what is canonical are its page tables as they are at the time:
 * a frame that becomes a page table or ceases to be one counts as written, so that it is read again.
 */
public final class CanonicalMemory implements GuestPages {
    private final DomainMemory memory;
    private final FrameTable frames;
    /** Frames of the list of machine frames; none while the guest runs. */
    private final BitSet lists;

    private final int startInfo;

    private CanonicalMemory(Domain domain, BitSet lists, int startInfo) {
        this.memory = domain.memory();
        this.frames = domain.frames();
        this.lists = lists;
        this.startInfo = startInfo;
    }

    public static CanonicalMemory ofRunning(Domain domain) {
        return new CanonicalMemory(domain, new BitSet(), DomainMemory.NONE);
    }

    public static CanonicalMemory ofSuspended(Domain domain) {
        BitSet lists = new BitSet();
        MachineFrameList.visit(domain, lists::set);
        return new CanonicalMemory(domain, lists, domain.startInfo());
    }

    @Override
    public Optional<GuestMemory> memory() {
        return Optional.of(memory.memory());
    }

    @Override
    public int endFrame() {
        return memory.guestFrames();
    }

    @Override
    public boolean isMemory(long gfn) {
        return gfn >= 0 && gfn < endFrame();
    }

    @Override
    public int touchedPages() {
        return memory.memory().touchedPages();
    }

    /** Frames that came to have a form of their own when the guest suspended itself. */
    private BitSet formedBySuspension() {
        BitSet formed = (BitSet) lists.clone();
        if (startInfo != DomainMemory.NONE) formed.set(startInfo);
        return formed;
    }

    @Override
    public void readPage(int gfn, byte[] target, int offset) {
        memory.memory().readPage(gfn, target, offset);
        int level = frames.type(gfn).level();
        if (level == 0 && !lists.get(gfn) && gfn != startInfo) return;
        ByteBuffer page = ByteBuffer.wrap(target, offset, FRAME_SIZE).slice().order(ByteOrder.LITTLE_ENDIAN);
        if (level > 0) {
            CanonicalTable.canonicalise(page, level, memory);
        } else if (lists.get(gfn)) {
            MachineFrameList.canonicalise(page, memory);
        }
        if (gfn == startInfo) StartInfo.blank(page);
    }

    @Override
    public boolean isZero(int gfn) {
        if (memory.memory().isZero(gfn)) return !lists.get(gfn);
        if (frames.type(gfn).level() == 0 && !lists.get(gfn) && gfn != startInfo) return false;
        byte[] page = new byte[FRAME_SIZE];
        readPage(gfn, page, 0);
        for (byte value : page) {
            if (value != 0) return false;
        }
        return true;
    }

    /** Fills a page of a new domain, with the form that it had in its image: a domain that is restored gives it its own. */
    @Override
    public void writePage(int gfn, byte[] source, int offset) {
        memory.memory().writePage(gfn, source, offset);
    }

    @Override
    public void clearPage(int gfn) {
        memory.memory().clearPage(gfn);
    }

    @Override
    public void startDirtyLog() {
        memory.memory().startDirtyLog();
    }

    @Override
    public BitSet takeDirty() {
        BitSet dirty = memory.memory().takeDirty();
        dirty.clear(endFrame(), Math.max(endFrame(), dirty.length()));
        dirty.or(formedBySuspension());
        return dirty;
    }

    @Override
    public void stopDirtyLog() {
        memory.memory().stopDirtyLog();
    }

    /** Adds number and contents of every page that is not zero. */
    public void digest(MessageDigest digest) {
        ByteBuffer number = ByteBuffer.allocate(Integer.BYTES);
        byte[] page = new byte[FRAME_SIZE];
        for (int gfn = 0; gfn < endFrame(); gfn++) {
            if (isZero(gfn)) continue;
            readPage(gfn, page, 0);
            digest.update(number.putInt(0, gfn).array());
            digest.update(page);
        }
    }
}
