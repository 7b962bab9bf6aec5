package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import java.util.List;

/** Asks about memory, gives frames back and takes frames: what a balloon driver does. */
final class MemoryOp implements Hypercall {
    private static final int INCREASE = 0;
    private static final int DECREASE = 1;
    private static final int MAXIMUM_RAM_PAGE = 2;
    private static final int CURRENT = 3;
    private static final int MAXIMUM = 4;
    private static final int POPULATE = 6;
    private static final int MEMORY_MAP = 9;
    private static final int MACHINE_TO_PHYSICAL = 12;
    private static final int MAXIMUM_GPFN = 14;
    /** Of the first argument, bits 5:0 are the command; those above count the extents that were done before a call was broken off. */
    private static final int EXTENT_SHIFT = 6;

    private static final long COMMAND = (1 << EXTENT_SHIFT) - 1;
    /** Of extents: as many as can be counted there. */
    private static final long MOST_EXTENTS = 0xFFFF_FFFFL >>> EXTENT_SHIFT;

    private static final int RAM = 1;
    /** End of what the ABI sets aside for the machine-to-physical table. */
    private static final long TABLE_END = 0xFFFF_8040_0000_0000L;

    @Override
    public int number() {
        return 12;
    }

    @Override
    public String hypercallName() {
        return "memory_op";
    }

    @Override
    public String about() {
        return "asks about memory, gives frames back and takes frames: what a balloon driver does";
    }

    @Override
    public List<String> operations() {
        return List.of(
                "increase_reservation",
                "decrease_reservation",
                "maximum_ram_page",
                "current_reservation",
                "maximum_reservation",
                "populate_physmap",
                "memory_map",
                "machphys_mapping",
                "maximum_gpfn");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        Domain domain = vcpu.domain();
        long arg = args[1];
        return switch ((int) (args[0] & COMMAND)) {
            case INCREASE, DECREASE, POPULATE -> reservation(vcpu, args);
            case MAXIMUM_RAM_PAGE -> domain.memory().endMfn() - 1;
            case CURRENT -> {
                Domain.checkSelf(vcpu.access().readShort(arg));
                yield domain.frames().frames();
            }
            case MAXIMUM -> {
                Domain.checkSelf(vcpu.access().readShort(arg));
                yield domain.memory().guestFrames();
            }
            case MAXIMUM_GPFN -> domain.memory().guestFrames() - 1L;
            case MEMORY_MAP -> memoryMap(vcpu, arg);
            case MACHINE_TO_PHYSICAL -> {
                vcpu.access().writeLong(arg, HypervisorSpace.MACHINE_TO_PHYSICAL);
                vcpu.access().writeLong(arg + 8, TABLE_END);
                vcpu.access().writeLong(arg + 16, (TABLE_END - HypervisorSpace.MACHINE_TO_PHYSICAL) / 8 - 1);
                yield 0;
            }
            default -> throw XenError.ENOSYS;
        };
    }

    /** One entry: all of the guest's memory is RAM. */
    private static long memoryMap(Vcpu vcpu, long arg) {
        GuestAccess access = vcpu.access();
        if (access.readInt(arg) == 0) throw XenError.EINVAL;
        long buffer = access.readLong(arg + 8);
        access.writeLong(buffer, 0);
        access.writeLong(buffer + 8, vcpu.domain().settings().memoryBytes());
        access.writeInt(buffer + 16, RAM);
        access.writeInt(arg, 1);
        return 0;
    }

    /** {@code struct xen_memory_reservation}; returns how many extents were done. */
    private static long reservation(Vcpu vcpu, long[] args) {
        int command = (int) (args[0] & COMMAND);
        long done = args[0] >>> EXTENT_SHIFT;
        long arg = args[1];
        GuestAccess access = vcpu.access();
        long list = access.readLong(arg);
        long extents = access.readLong(arg + 8);
        int order = access.readInt(arg + 16);
        Domain.checkSelf(access.readShort(arg + 24));
        // Larger extents would have to be contiguous: there are none, as on a host whose memory is in pieces.
        if (order != 0 || Long.compareUnsigned(extents, MOST_EXTENTS) > 0) return done;
        long first = done;
        try {
            for (; Long.compareUnsigned(done, extents) < 0; done++) {
                if (done > first && vcpu.preemption.isDue()) {
                    args[0] = done << EXTENT_SHIFT | command;
                    throw Preempted.REST;
                }
                if (!extent(vcpu, list + 8 * done, list != 0, command)) break;
            }
        } catch (XenError refused) {
            return done;
        }
        return done;
    }

    private static boolean extent(Vcpu vcpu, long entry, boolean listed, int command) {
        Domain domain = vcpu.domain();
        if (command == DECREASE) {
            int gfn = domain.memory().gfn(vcpu.access().readLong(entry));
            if (gfn == DomainMemory.NONE || gfn >= domain.memory().guestFrames()) return false;
            domain.frames().deallocate(gfn);
            domain.space().physical(gfn, -1);
            return true;
        }
        if (!listed && command == POPULATE) throw XenError.EFAULT;
        long pfn = command == POPULATE ? vcpu.access().readLong(entry) : -1;
        if (listed) vcpu.access().translate(entry, true);
        int gfn = domain.frames().firstFree(0);
        if (gfn == DomainMemory.NONE) return false;
        domain.frames().allocate(gfn);
        domain.space().physical(gfn, pfn);
        if (listed) vcpu.access().writeLong(entry, domain.memory().mfn(gfn));
        return true;
    }
}
