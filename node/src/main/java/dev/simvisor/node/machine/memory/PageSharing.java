package dev.simvisor.node.machine.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.cpu.HostMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Content-based page sharing among the VMs of one host (Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002,
 * §4): pages of the same contents share a frame until somebody writes to one of them. No guest can tell, by its clock neither.
 *
 * <p>A page is shared when it has held the same in two looks in a row, as Linux's KSM has it: one that changes all the time would be
 * copied again soon. Whether pages are equal is decided by their bytes, and which comes first by the order of the VMs and by gfn.
 *
 * <p>A frame is at most one page of each VM's, so that who meets it by its number or address knows which. Of equal pages within
 * a VM, the first shares a frame with the first such page of another, the second with the second, and so on; the VM alone does
 * not share with itself.
 */
public final class PageSharing {
    private static final long MULTIPLIER =
            0x9E37_79B9_7F4A_7C15L; // 2^64 divided by the golden ratio (Knuth, TAOCP 6.4)
    private static final int ROTATION = 29;
    private static final long NONE = 0;

    /** By gfn, what pages held in the last look. Of a page that was not looked at, {@link #NONE}. */
    private final Map<GuestMemory, long[]> lastSums = new HashMap<>();

    private record Page(GuestMemory memory, int gfn) {
        int frame() {
            return memory.frameIfAny(gfn);
        }

        boolean holdsWhat(Page other) {
            return contents().mismatch(other.contents()) < 0;
        }

        private MemorySegment contents() {
            return HostMemory.segment(addressOf(memory, gfn), FRAME_SIZE);
        }
    }

    /**
     * Looks through memories, none of which is in use meanwhile.
     *
     * @param memories all of one host, in an order that is the same in each run
     */
    public void look(List<GuestMemory> memories) {
        lastSums.keySet().retainAll(Set.copyOf(memories));
        if (memories.size() < 2) return;
        Map<Long, List<Page>> known = new HashMap<>();
        Set<GuestMemory> sharing = new LinkedHashSet<>();
        for (GuestMemory memory : memories) {
            look(memory, known, sharing);
        }
        sharing.forEach(GuestMemory::sharingBegun);
    }

    private void look(GuestMemory memory, Map<Long, List<Page>> known, Set<GuestMemory> sharing) {
        long[] sums = lastSums.computeIfAbsent(memory, added -> new long[memory.endFrame()]);
        BitSet calm = new BitSet();
        BitSet frames = new BitSet();
        for (int gfn = 0; gfn < sums.length; gfn++) {
            long sum = sum(addressOf(memory, gfn));
            calm.set(gfn, sum != NONE && sum == sums[gfn]);
            sums[gfn] = sum;
            frames.set(memory.frameIfAny(gfn));
        }
        Map<Long, Integer> counts = new HashMap<>();
        for (int gfn = calm.nextSetBit(0); gfn >= 0; gfn = calm.nextSetBit(gfn + 1)) {
            int before = counts.merge(sums[gfn], 1, Integer::sum) - 1;
            List<Page> equals = known.computeIfAbsent(sums[gfn], sum -> new ArrayList<>(1));
            Page page = new Page(memory, gfn);
            if (before == equals.size()) {
                equals.add(page);
            } else if (!frames.get(equals.get(before).frame()) && page.holdsWhat(equals.get(before))) {
                share(page, equals.get(before), sharing);
            }
        }
    }

    /** Host address of a page; 0 of one that nobody has touched, or that is missing. */
    private static long addressOf(GuestMemory memory, int gfn) {
        return memory.directRead((long) gfn << MachineMemory.FRAME_SHIFT);
    }

    private static void share(Page page, Page first, Set<GuestMemory> sharing) {
        page.memory.shareFrame(page.gfn, first.memory, first.gfn);
        sharing.add(page.memory);
        sharing.add(first.memory);
    }

    /** Of a page: equal pages have equal sums, and others seldom. {@link #NONE} of one that nobody has touched, or that is missing. */
    private static long sum(long address) {
        if (address == 0) return NONE;
        long sum = 1;
        for (long at = address; at < address + FRAME_SIZE; at += Long.BYTES) {
            sum = Long.rotateLeft((sum ^ HostMemory.getLong(at)) * MULTIPLIER, ROTATION);
        }
        return sum == NONE ? 1 : sum;
    }
}
