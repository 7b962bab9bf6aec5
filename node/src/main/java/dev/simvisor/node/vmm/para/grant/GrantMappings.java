package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.memory.DirectPaging;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
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
public final class GrantMappings {
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

    private final DomainMemory memory;
    private final FrameTable frames;
    private final DirectPaging paging;
    private final GrantTable grants;
    private final int self;
    private final Map<Integer, Mapping> mappings = new TreeMap<>();
    private int firstMaybeFree;

    GrantMappings(DomainMemory memory, FrameTable frames, DirectPaging paging, GrantTable grants, int self) {
        this.memory = memory;
        this.frames = frames;
        this.paging = paging;
        this.grants = grants;
        this.self = self;
    }

    /** What a map operation returns beside its status. */
    public record Mapped(int handle, long deviceAddress) {}

    /**
     * Maps a grant of the guest's to itself.
     *
     * @param root the page tables of the present address space
     * @param address linear, or of the page-table entry in machine memory, as the flags say
     */
    public Mapped map(int root, long address, int flags, int reference) throws GrantRefusedException {
        if ((flags & (DEVICE | HOST)) == 0) {
            throw new GrantRefusedException(GrantStatus.BAD_REFERENCE);
        }
        if (mappings.size() == MOST) {
            throw new GrantRefusedException(GrantStatus.NO_SPACE);
        }
        boolean writable = (flags & READ_ONLY) == 0;
        GrantedFrame host = (flags & HOST) == 0 ? null : grants.open(reference, self, writable);
        GrantedFrame device = null;
        boolean done = false;
        try {
            device = (flags & DEVICE) == 0 ? null : grants.open(reference, self, writable);
            if (host != null) {
                change(place(root, address, flags), entry(host, flags));
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

    /** Ends a mapping for the processor at {@code address}, for devices at {@code deviceAddress}, or both. TLBs must be flushed. */
    public void unmap(int root, long address, long deviceAddress, int handle) throws GrantRefusedException {
        Mapping mapping = find(handle);
        GrantedFrame host = address == 0 ? null : mapping.host();
        GrantedFrame device = deviceAddress == 0 ? null : mapping.device();
        if (device != null && device.mfn() << 12 != deviceAddress) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        if (host != null) {
            Place place = place(root, address, mapping.flags());
            checkMaps(place, host);
            change(place, 0);
        }
        end(handle, mapping, host, device);
    }

    /** Ends a mapping for the processor, and has what is mapped at {@code replacement} in its place and no longer there. */
    public void unmapAndReplace(int root, long address, long replacement, int handle) throws GrantRefusedException {
        Mapping mapping = find(handle);
        GrantedFrame host = mapping.host();
        if (host == null || (mapping.flags() & CONTAINS_PTE) != 0) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        Place place = place(root, address, mapping.flags());
        checkMaps(place, host);
        Place other = place(root, replacement, mapping.flags());
        change(place, paging.entry(other.table(), other.index()));
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

    private Place place(int root, long address, int flags) throws GrantRefusedException {
        if ((flags & CONTAINS_PTE) != 0) {
            int table = memory.gfn(address >>> 12);
            boolean isEntry = (address & 7) == 0 && table != DomainMemory.NONE && frames.type(table) == FrameType.L1;
            return isEntry ? new Place(table, (int) (address & 0xFFF) >>> 3) : noPlace();
        }
        int table = paging.tableOf(root, address);
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
        long entry = paging.entry(place.table(), place.index());
        boolean maps = PageTableEntry.isPresent(entry)
                && PageTableEntry.mfn(entry) == frame.mfn()
                && PageTableEntry.isWritable(entry) == frame.isWritable();
        if (!maps) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
    }

    private void change(Place place, long entry) throws GrantRefusedException {
        frames.take(place.table());
        try {
            paging.update(place.table(), place.index(), entry, false);
        } catch (XenError _) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        } finally {
            frames.drop(place.table());
        }
    }
}
