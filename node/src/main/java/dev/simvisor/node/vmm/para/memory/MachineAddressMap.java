package dev.simvisor.node.vmm.para.memory;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which machine frame numbers the domains of one host have. Paravirtual guests see machine frames, so these must not depend on
 * which frame of {@link dev.simvisor.node.machine.memory.MachineMemory} a page happens to be in: every domain gets a range of
 * numbers of its own, the lowest that is free, and the processor's bus leads them to the domain's memory.
 */
public final class MachineAddressMap {
    /** Frames below are the host's own, and never a domain's. */
    private static final long FIRST_MFN = 0x1_0000;

    /** Ranges start at a multiple of this many frames, and at least half of it apart. */
    private static final long ALIGNMENT = 0x400;

    private final TreeMap<Long, DomainMemory> ranges = new TreeMap<>();

    /** Gives a domain a range of machine frame numbers; returns the first. */
    synchronized long add(DomainMemory domain) {
        long mfn = FIRST_MFN;
        for (Map.Entry<Long, DomainMemory> range : ranges.entrySet()) {
            if (mfn + domain.spanFrames() + ALIGNMENT / 2 <= range.getKey()) break;
            long end = range.getKey() + range.getValue().spanFrames();
            mfn = Math.ceilDiv(end + ALIGNMENT / 2, ALIGNMENT) * ALIGNMENT;
        }
        ranges.put(mfn, domain);
        return mfn;
    }

    synchronized void remove(long firstMfn) {
        ranges.remove(firstMfn);
    }

    /** Whether a machine frame is memory of some domain. */
    public synchronized boolean isMemory(long mfn) {
        DomainMemory owner = ownerOf(mfn);
        return owner != null && owner.gfn(mfn) != DomainMemory.NONE;
    }

    private @Nullable DomainMemory ownerOf(long mfn) {
        Map.Entry<Long, DomainMemory> range = ranges.floorEntry(mfn);
        return range == null ? null : range.getValue();
    }
}
