package dev.simvisor.node.vmm.para.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_OFFSET_MASK;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.SystemBus;
import dev.simvisor.node.machine.memory.GuestMemory;

/**
 * What a physical processor that runs a vCPU finds at its pins: machine addresses, of which those of the domain and those of
 * the VMM's frames for it lead to memory. Nothing else is ever addressed, because page tables are validated.
 */
public final class DomainBus implements SystemBus {
    private final DomainMemory domain;
    private final GuestMemory memory;

    public DomainBus(DomainMemory domain) {
        this.domain = domain;
        this.memory = domain.memory();
    }

    private int gfn(long address) {
        return domain.gfn(address >>> FRAME_SHIFT);
    }

    @Override
    public long directRead(long physicalPage) {
        int gfn = gfn(physicalPage);
        return gfn == DomainMemory.NONE
                ? domain.hypervisorAddress(physicalPage >>> FRAME_SHIFT)
                : memory.directRead((long) gfn << FRAME_SHIFT);
    }

    @Override
    public long directWrite(long physicalPage) {
        int gfn = gfn(physicalPage);
        return gfn == DomainMemory.NONE ? 0 : memory.directWrite((long) gfn << FRAME_SHIFT);
    }

    @Override
    public long read(long physicalAddress, int size) {
        int gfn = gfn(physicalAddress);
        if (gfn != DomainMemory.NONE) {
            return memory.read((long) gfn << FRAME_SHIFT | physicalAddress & FRAME_OFFSET_MASK, size);
        }
        long page = domain.hypervisorAddress(physicalAddress >>> FRAME_SHIFT);
        if (page == 0) return -1L >>> 64 - 8 * size;
        long host = page + (physicalAddress & FRAME_OFFSET_MASK);
        return switch (size) {
            case 1 -> HostMemory.getByte(host) & 0xFFL;
            case 2 -> HostMemory.getShort(host) & 0xFFFFL;
            case 4 -> HostMemory.getInt(host) & 0xFFFF_FFFFL;
            default -> HostMemory.getLong(host);
        };
    }

    /**
     * Stores to frames that are write-protected for a reason of {@link GuestMemory}'s; all others are direct. The VMM's frames
     * are never written: no guest may map them writable, and in their page tables and descriptors all is marked accessed and
     * dirty already. A store there means that a table was not validated, and ends this VM.
     */
    @Override
    public void write(long physicalAddress, int size, long value) {
        int gfn = gfn(physicalAddress);
        if (gfn != DomainMemory.NONE) {
            memory.write((long) gfn << FRAME_SHIFT | physicalAddress & FRAME_OFFSET_MASK, size, value);
        } else if (domain.hypervisorAddress(physicalAddress >>> FRAME_SHIFT) != 0) {
            throw new IllegalStateException(
                    "a guest stored to a frame of the VMM's at " + Long.toHexString(physicalAddress));
        }
    }

    /** Ports are never reached: the guest has no access to those of the host. */
    @Override
    public int in(int port, int size) {
        throw new IllegalStateException("a guest reached port " + port + " of its host");
    }

    @Override
    public void out(int port, int size, int value) {
        throw new IllegalStateException("a guest reached port " + port + " of its host");
    }

    @Override
    public void watchCode(long physicalPage) {
        int gfn = gfn(physicalPage);
        if (gfn != DomainMemory.NONE) memory.watchCode((long) gfn << FRAME_SHIFT);
    }

    @Override
    public void unwatchCode(long physicalPage) {
        int gfn = gfn(physicalPage);
        if (gfn != DomainMemory.NONE) memory.unwatchCode((long) gfn << FRAME_SHIFT);
    }
}
