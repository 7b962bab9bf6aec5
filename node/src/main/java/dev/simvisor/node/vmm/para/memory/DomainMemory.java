package dev.simvisor.node.vmm.para.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import java.util.Arrays;

/**
 * The frames of one domain, and their machine frame numbers.
 *
 * <p>A <em>gfn</em> numbers a frame in {@link #memory()}, whose contents, dirty log and protection live there. Its machine
 * frame number (mfn) is the first of the domain's range plus the gfn. What the guest calls a pfn is the guest's own affair: at
 * boot pfn and gfn are the same, later the guest's p2m says.
 *
 * <p>From gfn 0 to {@link #guestFrames()} is the guest's memory; above are frames that the VMM shares with the guest, such as
 * the shared info page and grant tables. The VMM's own frames (page tables, machine-to-physical table) follow in the range of
 * numbers, but are no part of the memory: they can be rebuilt at any time.
 */
public final class DomainMemory implements AutoCloseable {
    /** Not a frame of this domain. */
    public static final int NONE = -1;

    private final MachineMemory machine;
    private final MachineAddressMap map;
    private final GuestMemory memory;
    private final int guestFrames;
    private final int hypervisorLimit;
    private final long firstMfn;
    private int[] hypervisorFrames = new int[16];
    private int hypervisorCount;

    /**
     * @param guestFrames most frames that the guest may come to have
     * @param sharedFrames how many frames more are for sharing between guest and VMM
     * @param hypervisorLimit most frames that the VMM will need of its own for this domain
     * @throws MachineMemoryExhausted when the host has no room
     */
    public DomainMemory(
            MachineMemory machine, MachineAddressMap map, int guestFrames, int sharedFrames, int hypervisorLimit) {
        if (!machine.reserve(hypervisorLimit)) throw new MachineMemoryExhausted(hypervisorLimit, machine);
        this.machine = machine;
        this.map = map;
        this.guestFrames = guestFrames;
        this.hypervisorLimit = hypervisorLimit;
        try {
            memory = GuestMemory.contiguous(machine, (long) (guestFrames + sharedFrames) << FRAME_SHIFT);
        } catch (MachineMemoryExhausted e) {
            machine.unreserve(hypervisorLimit);
            throw e;
        }
        firstMfn = map.add(this);
    }

    public GuestMemory memory() {
        return memory;
    }

    public MachineAddressMap map() {
        return map;
    }

    /** Frames of the guest's memory: gfns below are the guest's. */
    public int guestFrames() {
        return guestFrames;
    }

    /** All gfns are below this one; from {@link #guestFrames} on they are shared frames. */
    public int endFrame() {
        return memory.endFrame();
    }

    /** Machine frame numbers that the domain takes. */
    int spanFrames() {
        return memory.endFrame() + hypervisorLimit;
    }

    /** One more than the highest machine frame number of this domain's memory. */
    public long endMfn() {
        return firstMfn + memory.endFrame();
    }

    public long firstMfn() {
        return firstMfn;
    }

    /** The machine frame number of a frame of the domain. */
    public long mfn(int gfn) {
        return firstMfn + gfn;
    }

    /** The domain's frame of a machine frame number, or {@link #NONE}: not memory, the VMM's, another domain's. */
    public int gfn(long mfn) {
        long gfn = mfn - firstMfn;
        return gfn >= 0 && gfn < memory.endFrame() ? (int) gfn : NONE;
    }

    // ---- the VMM's own frames

    /** A frame of zeros of the VMM's; returns its machine frame number. */
    long allocateHypervisorFrame() {
        if (hypervisorCount == hypervisorLimit) {
            throw new IllegalStateException("a domain needs more than " + hypervisorLimit + " frames of the VMM");
        }
        if (hypervisorCount == hypervisorFrames.length) {
            hypervisorFrames = Arrays.copyOf(hypervisorFrames, 2 * hypervisorCount);
        }
        hypervisorFrames[hypervisorCount] = machine.allocate();
        return endMfn() + hypervisorCount++;
    }

    /** Host address of one of the VMM's frames, or 0. */
    long hypervisorAddress(long mfn) {
        long n = mfn - endMfn();
        return n >= 0 && n < hypervisorCount ? machine.addressOf(hypervisorFrames[(int) n]) : 0;
    }

    /** Gives back all frames, so that the memory is as new, for another domain in this one's place: it keeps the machine addresses. */
    public void clear() {
        releaseHypervisorFrames();
        memory.forgetObservers();
        memory.clear();
    }

    private void releaseHypervisorFrames() {
        for (int n = 0; n < hypervisorCount; n++) machine.release(hypervisorFrames[n]);
        hypervisorCount = 0;
    }

    @Override
    public void close() {
        map.remove(firstMfn);
        releaseHypervisorFrames();
        machine.unreserve(hypervisorLimit);
        memory.close();
    }
}
