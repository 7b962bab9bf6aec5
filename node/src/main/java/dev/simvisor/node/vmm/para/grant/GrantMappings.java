package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The grants that a guest has mapped into its page tables, by the handles that it knows them by.
 *
 * <p>All that a guest can map are its own grants to itself: it knows no other domain than domain 0, which grants nothing. So a
 * mapping's page-table entry is one that the guest may have anyway, and is changed as any other.
 */
final class GrantMappings {
    private static final int MOST = 128 * 512;

    // GNTMAP_
    private static final int DEVICE = 1;
    private static final int HOST = 1 << 1;
    private static final int READ_ONLY = 1 << 2;
    private static final int CONTAINS_PTE = 1 << 4;
    private static final int AVAILABLE_SHIFT = 16;

    /** Bits 9 to 11 of a page-table entry, which the guest may use as it likes. */
    private static final int AVAILABLE_IN_ENTRY = 9;

    private static final int AVAILABLE_MASK = 7;

    /** A grant that is mapped for the processor, for devices, or both; each is a use of its own. */
    private record Mapping(
            @Nullable GrantedFrame host, @Nullable GrantedFrame device, int flags) {}

    /** An entry of a page table. */
    private record Place(int table, int index) {}

    private final Domain domain;
    private final GrantTable grants;
    private final Map<Integer, Mapping> mappings = new TreeMap<>();
    private int firstMaybeFree;

    GrantMappings(Domain domain, GrantTable grants) {
        this.domain = domain;
        this.grants = grants;
    }

    /** What a map operation returns beside its status. */
    record Mapped(int handle, long deviceAddress) {}

    /**
     * Maps a grant of the guest's to itself.
     *
     * @param address linear, or of the page-table entry in machine memory, as the flags say
     */
    Mapped map(Vcpu vcpu, long address, int flags, int reference) throws GrantRefusedException {
        if ((flags & (DEVICE | HOST)) == 0) {
            throw new GrantRefusedException(GrantStatus.BAD_REFERENCE);
        }
        if (mappings.size() == MOST) {
            throw new GrantRefusedException(GrantStatus.NO_SPACE);
        }
        boolean writable = (flags & READ_ONLY) == 0;
        GrantedFrame host = (flags & HOST) == 0 ? null : grants.open(reference, Domain.ID, writable);
        GrantedFrame device = null;
        boolean done = false;
        try {
            device = (flags & DEVICE) == 0 ? null : grants.open(reference, Domain.ID, writable);
            if (host != null) {
                change(place(vcpu, address, flags), entry(host, flags));
            }
            done = true;
        } finally {
            if (!done) {
                close(host);
                close(device);
            }
        }
        int handle = freeHandle();
        mappings.put(handle, new Mapping(host, device, flags));
        return new Mapped(handle, device == null ? 0 : device.mfn() << 12);
    }

    /** Ends a mapping for the processor at {@code address}, for devices at {@code deviceAddress}, or both. */
    void unmap(Vcpu vcpu, long address, long deviceAddress, int handle) throws GrantRefusedException {
        Mapping mapping = find(handle);
        GrantedFrame host = address == 0 ? null : mapping.host();
        GrantedFrame device = deviceAddress == 0 ? null : mapping.device();
        if (device != null && device.mfn() << 12 != deviceAddress) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        if (host != null) {
            Place place = place(vcpu, address, mapping.flags());
            checkMaps(place, host);
            change(place, 0);
        }
        end(handle, mapping, host, device);
    }

    /** Ends a mapping for the processor, and has what is mapped at {@code replacement} in its place and no longer there. */
    void unmapAndReplace(Vcpu vcpu, long address, long replacement, int handle) throws GrantRefusedException {
        Mapping mapping = find(handle);
        GrantedFrame host = mapping.host();
        if (host == null || (mapping.flags() & CONTAINS_PTE) != 0) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        Place place = place(vcpu, address, mapping.flags());
        checkMaps(place, host);
        Place other = place(vcpu, replacement, mapping.flags());
        change(place, domain.paging().entry(other.table(), other.index()));
        change(other, 0);
        end(handle, mapping, host, null);
    }

    private void end(int handle, Mapping mapping, @Nullable GrantedFrame host, @Nullable GrantedFrame device) {
        close(host);
        close(device);
        Mapping rest = new Mapping(
                host == null ? mapping.host() : null, device == null ? mapping.device() : null, mapping.flags());
        if (rest.host() == null && rest.device() == null) {
            mappings.remove(handle);
            firstMaybeFree = Math.min(firstMaybeFree, handle);
        } else {
            mappings.put(handle, rest);
        }
        domain.vcpuList().forEach(Vcpu::flushTlb);
    }

    private static void close(@Nullable GrantedFrame frame) {
        if (frame != null) {
            frame.close();
        }
    }

    private int freeHandle() {
        int handle = firstMaybeFree;
        while (mappings.containsKey(handle)) {
            handle++;
        }
        firstMaybeFree = handle + 1;
        return handle;
    }

    private Mapping find(int handle) throws GrantRefusedException {
        Mapping mapping = mappings.get(handle);
        if (mapping == null) {
            throw new GrantRefusedException(GrantStatus.BAD_HANDLE);
        }
        return mapping;
    }

    // ---- page tables

    private Place place(Vcpu vcpu, long address, int flags) throws GrantRefusedException {
        if ((flags & CONTAINS_PTE) != 0) {
            int table = domain.memory().gfn(address >>> 12);
            boolean isEntry = (address & 7) == 0
                    && table != DomainMemory.NONE
                    && domain.frames().type(table) == FrameType.L1;
            return isEntry ? new Place(table, (int) (address & 0xFFF) >>> 3) : noPlace();
        }
        int table = domain.paging().tableOf(vcpu.kernelTable(), address);
        return table == DomainMemory.NONE ? noPlace() : new Place(table, PageTableEntry.index(address, 1));
    }

    private static Place noPlace() throws GrantRefusedException {
        throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
    }

    private static long entry(GrantedFrame frame, int flags) {
        long available = (long) (flags >>> AVAILABLE_SHIFT & AVAILABLE_MASK) << AVAILABLE_IN_ENTRY;
        long writable = frame.isWritable() ? PageTableEntry.WRITABLE : 0;
        return PageTableEntry.of(
                frame.mfn(),
                PageTableEntry.PRESENT
                        | PageTableEntry.USER
                        | PageTableEntry.ACCESSED
                        | PageTableEntry.DIRTY
                        | writable
                        | available);
    }

    private void checkMaps(Place place, GrantedFrame frame) throws GrantRefusedException {
        long entry = domain.paging().entry(place.table(), place.index());
        boolean maps = PageTableEntry.isPresent(entry)
                && PageTableEntry.mfn(entry) == frame.mfn()
                && PageTableEntry.isWritable(entry) == frame.isWritable();
        if (!maps) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
    }

    private void change(Place place, long entry) throws GrantRefusedException {
        domain.frames().take(place.table());
        try {
            domain.paging().update(place.table(), place.index(), entry, false);
        } catch (XenError _) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        } finally {
            domain.frames().drop(place.table());
        }
    }
}
