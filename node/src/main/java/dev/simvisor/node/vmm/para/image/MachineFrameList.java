package dev.simvisor.node.vmm.para.image;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.function.IntConsumer;

/**
 * The guest's own list of its machine frames, as the shared info leads to it (public header arch-x86/xen.h, {@code
 * pfn_to_mfn_frame_list_list}): a page of the frames of pages of the frames of the list's pages. What the guest has written there
 * may be anything.
 */
final class MachineFrameList {
    private static final int ENTRIES = FRAME_SIZE / Long.BYTES;
    /** Set in entries that name no frame of the domain, but one of a device's or of another domain's (Linux's marks). */
    private static final long MARKS = 3L << 62;

    private static final long INVALID = -1;

    private MachineFrameList() {}

    /** Calls {@code action} once for each frame that the list takes up, those that lead to it before they are read. */
    static void visit(Domain domain, IntConsumer action) {
        long pages = Math.ceilDiv(Math.clamp(domain.shared().pfns(), 0, (long) ENTRIES * ENTRIES * ENTRIES), ENTRIES);
        BitSet visited = new BitSet();
        int root = frame(domain, domain.shared().frameListList());
        if (pages == 0 || !visit(root, visited, action)) return;
        int list = DomainMemory.NONE;
        for (int page = 0; page < pages; page++) {
            if (page % ENTRIES == 0) {
                list = frame(domain, domain.frames().read(root, page / ENTRIES));
                visit(list, visited, action);
            }
            if (list == DomainMemory.NONE) continue;
            visit(frame(domain, domain.frames().read(list, page % ENTRIES)), visited, action);
        }
    }

    private static boolean visit(int gfn, BitSet visited, IntConsumer action) {
        if (gfn == DomainMemory.NONE) return false;
        if (!visited.get(gfn)) {
            visited.set(gfn);
            action.accept(gfn);
        }
        return true;
    }

    /** A frame that may be part of the list: one of the guest's memory that the processor has no use of its own for. */
    private static int frame(Domain domain, long mfn) {
        int gfn = domain.memory().gfn(mfn);
        return gfn != DomainMemory.NONE && domain.isPlain(gfn) ? gfn : DomainMemory.NONE;
    }

    static void canonicalise(ByteBuffer page, DomainMemory memory) {
        for (int at = 0; at < FRAME_SIZE; at += Long.BYTES) {
            long entry = page.getLong(at);
            int gfn = memory.gfn(entry);
            if (gfn != DomainMemory.NONE) page.putLong(at, gfn);
            else if ((entry & MARKS) == 0) page.putLong(at, INVALID);
        }
    }

    static void localise(Domain domain, int gfn) {
        for (int index = 0; index < ENTRIES; index++) {
            long entry = domain.frames().read(gfn, index);
            boolean own = entry >= 0 && entry < domain.memory().endFrame();
            if (own) domain.frames().write(gfn, index, domain.memory().mfn((int) entry));
        }
    }
}
