package dev.simvisor.node.vmm.para.abi;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import dev.simvisor.node.machine.memory.GuestMemory;

/** The page that guest and VMM share: {@code struct shared_info} of the public header xen.h, 64-bit. */
public final class SharedInfo {
    /** vCPUs that have their {@code vcpu_info} in this page: XEN_LEGACY_MAX_VCPUS. */
    public static final int VCPUS = 32;

    public static final int VCPU_INFO_SIZE = 64;
    private static final int EVENTS_PENDING = VCPUS * VCPU_INFO_SIZE;
    private static final int EVENTS_MASKED = EVENTS_PENDING + 512;
    private static final int WALL_CLOCK_VERSION = EVENTS_MASKED + 512;
    private static final int WALL_CLOCK_SECONDS = WALL_CLOCK_VERSION + 4;
    private static final int WALL_CLOCK_NANOS = WALL_CLOCK_VERSION + 8;
    private static final int WALL_CLOCK_SECONDS_HIGH = WALL_CLOCK_VERSION + 12;
    // struct arch_shared_info
    private static final int PFNS = WALL_CLOCK_VERSION + 16;
    private static final int FRAME_LIST_LIST = PFNS + 8;

    private final GuestMemory memory;
    private final int gfn;

    public SharedInfo(GuestMemory memory, int gfn) {
        this.memory = memory;
        this.gfn = gfn;
    }

    public int gfn() {
        return gfn;
    }

    private long address(int offset) {
        return (long) gfn << FRAME_SHIFT | offset;
    }

    /** Where a vCPU's {@code vcpu_info} is until it registers another place. */
    public long vcpuInfo(int vcpu) {
        return address(vcpu * VCPU_INFO_SIZE);
    }

    // ---- event channels of the two-level kind: words of 64 ports

    public long pending(int word) {
        return memory.read(address(EVENTS_PENDING + 8 * word), 8);
    }

    public void pending(int word, long bits) {
        memory.write(address(EVENTS_PENDING + 8 * word), 8, bits);
    }

    public long masked(int word) {
        return memory.read(address(EVENTS_MASKED + 8 * word), 8);
    }

    public void masked(int word, long bits) {
        memory.write(address(EVENTS_MASKED + 8 * word), 8, bits);
    }

    // ---- the list of machine frames that the guest keeps

    /** How many pfns the list is for, as the guest says. */
    public long pfns() {
        return memory.read(address(PFNS), 8);
    }

    /** The machine frame that leads to the list, as the guest says. */
    public long frameListList() {
        return memory.read(address(FRAME_LIST_LIST), 8);
    }

    public void frameList(long pfns, long frameListList) {
        memory.write(address(PFNS), 8, pfns);
        memory.write(address(FRAME_LIST_LIST), 8, frameListList);
    }

    // ---- time of day

    /** Sets the time of day at system time 0. */
    public void wallClock(long seconds, int nanos) {
        int version = (int) memory.read(address(WALL_CLOCK_VERSION), 4);
        memory.write(address(WALL_CLOCK_VERSION), 4, version + 1);
        memory.write(address(WALL_CLOCK_SECONDS), 4, seconds);
        memory.write(address(WALL_CLOCK_NANOS), 4, nanos);
        memory.write(address(WALL_CLOCK_SECONDS_HIGH), 4, seconds >>> 32);
        memory.write(address(WALL_CLOCK_VERSION), 4, version + 2);
    }
}
