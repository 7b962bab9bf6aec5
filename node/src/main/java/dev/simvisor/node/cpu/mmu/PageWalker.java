package dev.simvisor.node.cpu.mmu;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.nonroot.ControlStructure;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Walks the paging structures in memory: no paging, 32-bit, PAE and 4-level (SDM Vol 3A §4.3 to §4.6), with permissions,
 * reserved bits, accessed and dirty flags, and the page-fault error code.
 *
 * <p>In non-root operation with extended page tables every physical address on the way, and the final one, is guest-physical and
 * translated by {@link ExtendedPageWalker}.
 *
 * <p>The outcome of a walk beside the physical page is left in {@link #global}, {@link #pageShift} and {@link #references}.
 */
final class PageWalker {
    // Kinds of access; the values of the page-fault error code's bits (SDM Vol 3A figure 4-12).
    static final int READ = 0;
    static final int WRITE = 1 << 1;
    static final int FETCH = 1 << 4;

    /** In place of a page or of permissions: the structures do not allow the access. */
    static final long FAULTED = -1;

    private static final int ERROR_PRESENT = 1;
    private static final int ERROR_USER = 1 << 2;
    private static final int ERROR_RESERVED = 1 << 3;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long USER = 1 << 2;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long LARGE = 1 << 7;
    private static final long GLOBAL = 1 << 8;
    private static final long NO_EXECUTE = 1L << 63;

    private final Cpu cpu;
    final ExtendedPageWalker extended;
    private final long addressMask;
    private final long reservedAddressBits;

    /** Whether the page of the last walk is global. */
    boolean global;

    /** log2 of the size of the page of the last walk: 12, 21, 22 or 30. */
    int pageShift;

    /**
     * References of the last walk to paging structures, extended ones included, as if nothing of them were cached: up to 24
     * under nested paging (Bhargava 2008); none without paging.
     */
    int references;

    private long linear;
    private int access;
    private int errorCode;
    private boolean implicit;
    /** What the present walk's physical addresses are translated by once more, or null. */
    private @Nullable ControlStructure nested;

    PageWalker(Cpu cpu) {
        this.cpu = cpu;
        this.extended = new ExtendedPageWalker(cpu);
        long physicalMask = (1L << cpu.model.physicalAddressBits()) - 1;
        this.addressMask = physicalMask & -4096L;
        this.reservedAddressBits = ~physicalMask & (1L << 52) - 1;
    }

    /**
     * Physical address of the 4 KiB page that {@code linear} lies in.
     *
     * @param access {@link #READ}, {@link #WRITE} or {@link #FETCH}
     * @param implicit an implicit supervisor access, as to a descriptor table, whatever the CPL
     * @throws GuestException #PF
     */
    long walk(long linear, int access, boolean implicit) {
        long page = probe(linear, access, implicit);
        if (page == FAULTED) throw fault();
        return page;
    }

    /** Like {@link #walk}, but returns {@link #FAULTED} where that throws #PF, which is {@link #fault} then. */
    long probe(long linear, int access, boolean implicit) {
        nested = cpu.nonRoot != null && cpu.nonRoot.translatesGuestPhysical() ? cpu.nonRoot : null;
        references = 0;
        long page = walkGuest(linear, access, implicit);
        if (nested == null || page == FAULTED) return page;
        references += ExtendedPageWalker.REFERENCES;
        return extended.translated(nested, page, extendedAccess(access), linear);
    }

    private static int extendedAccess(int access) {
        return switch (access) {
            case READ -> ExtendedPageWalker.READ;
            case WRITE -> ExtendedPageWalker.WRITE;
            default -> ExtendedPageWalker.EXECUTE;
        };
    }

    /** The physical page by the paging structures alone: under nested paging it is guest-physical. */
    private long walkGuest(long linear, int access, boolean implicit) {
        if ((cpu.cr0 & ControlRegister.CR0_PG) == 0) {
            global = false;
            pageShift = 12;
            return linear & 0xFFFF_F000L;
        }
        this.linear = linear;
        this.access = access;
        this.implicit = implicit;
        this.common = -1;
        if (cpu.longMode) return walkFourLevel();
        if ((cpu.cr4 & ControlRegister.CR4_PAE) != 0) return walkPae();
        return walkTwoLevel();
    }

    private long walkFourLevel() {
        long pml4e = cpu.cr3 & addressMask | linear >>> 36 & 0xFF8;
        long permissions = entry(pml4e, USER | WRITABLE, LARGE);
        if (permissions == FAULTED) return FAULTED;
        long pdpte = next | linear >>> 27 & 0xFF8;
        permissions = entry(pdpte, permissions, cpu.model.gigabytePages() ? 0 : LARGE);
        if (permissions == FAULTED) return FAULTED;
        if ((lastEntry & LARGE) != 0) {
            return leaf(pdpte, permissions, 30, pml4e, 0, 0);
        }
        long pde = next | linear >>> 18 & 0xFF8;
        permissions = entry(pde, permissions, 0);
        if (permissions == FAULTED) return FAULTED;
        if ((lastEntry & LARGE) != 0) return leaf(pde, permissions, 21, pml4e, pdpte, 0);
        long pte = next | linear >>> 9 & 0xFF8;
        permissions = entry(pte, permissions, 0);
        if (permissions == FAULTED) return FAULTED;
        return leaf(pte, permissions, 12, pml4e, pdpte, pde);
    }

    private long walkPae() {
        long pdpte = cpu.pdpte[(int) (linear >>> 30) & 3];
        if ((pdpte & PRESENT) == 0) return faulted(0);
        long pde = pdpte & addressMask | linear >>> 18 & 0xFF8;
        long permissions = entry(pde, USER | WRITABLE, 0);
        if (permissions == FAULTED) return FAULTED;
        if ((lastEntry & LARGE) != 0) return leaf(pde, permissions, 21, 0, 0, 0);
        long pte = next | linear >>> 9 & 0xFF8;
        permissions = entry(pte, permissions, 0);
        if (permissions == FAULTED) return FAULTED;
        return leaf(pte, permissions, 12, 0, 0, pde);
    }

    private long lastEntry;
    /** The bits that all entries of this walk have set: with ACCESSED among them nothing is to be marked. */
    private long common;

    private long next;

    /**
     * Reads one 8-byte entry; returns the permissions so far: USER and WRITABLE while every entry grants them, NO_EXECUTE
     * once any denies execution; or {@link #FAULTED}.
     */
    private long entry(long address, long permissions, long reserved) {
        long entry = read64(address);
        references++;
        if ((entry & PRESENT) == 0) return faulted(0);
        boolean executeDisable = (cpu.msr.efer & ModelSpecificRegisters.EFER_NXE) != 0;
        long mustBeZero = reservedAddressBits | reserved | (executeDisable ? 0 : NO_EXECUTE);
        // PAE entries have no ignored bits below the XD bit (SDM Vol 3A table 4-10).
        if (!cpu.longMode) mustBeZero |= 0x7FF0_0000_0000_0000L;
        if ((entry & mustBeZero) != 0) return faulted(ERROR_PRESENT | ERROR_RESERVED);
        lastEntry = entry;
        common &= entry;
        next = entry & addressMask;
        return permissions & entry & (USER | WRITABLE) | (permissions | entry) & NO_EXECUTE;
    }

    private long leaf(long address, long permissions, int shift, long upper1, long upper2, long upper3) {
        long entry = lastEntry;
        if (shift > 12) {
            long offsetBits = (1L << shift) - 1 & ~0x1FFFL; // bit 12 is PAT
            if ((entry & offsetBits) != 0) return faulted(ERROR_PRESENT | ERROR_RESERVED);
        }
        if (!allows(permissions)) return faulted(ERROR_PRESENT);
        if ((common & ACCESSED) == 0) {
            if (upper1 != 0) markAccessed(upper1);
            if (upper2 != 0) markAccessed(upper2);
            if (upper3 != 0) markAccessed(upper3);
        }
        long marks = ACCESSED | (access == WRITE ? DIRTY : 0);
        if ((entry & marks) != marks) write64(address, entry | marks);
        global = (entry & GLOBAL) != 0 && (cpu.cr4 & ControlRegister.CR4_PGE) != 0;
        pageShift = shift;
        long offsetMask = (1L << shift) - 1;
        return entry & addressMask & ~offsetMask | linear & offsetMask & -4096L;
    }

    private void markAccessed(long address) {
        long entry = read64(address);
        if ((entry & ACCESSED) == 0) write64(address, entry | ACCESSED);
    }

    private long walkTwoLevel() {
        long pdeAddress = cpu.cr3 & 0xFFFF_F000L | linear >>> 20 & 0xFFC;
        long pde = read32(pdeAddress);
        references++;
        if ((pde & PRESENT) == 0) return faulted(0);
        if ((pde & LARGE) != 0 && (cpu.cr4 & ControlRegister.CR4_PSE) != 0) {
            // Without PSE-36 bits 21:13 are reserved (SDM Vol 3A table 4-4).
            if ((pde & 0x3F_E000) != 0) return faulted(ERROR_PRESENT | ERROR_RESERVED);
            return leafTwoLevel(pdeAddress, pde, pde & (USER | WRITABLE), 22);
        }
        long pteAddress = pde & 0xFFFF_F000L | linear >>> 10 & 0xFFC;
        long pte = read32(pteAddress);
        references++;
        if ((pte & PRESENT) == 0) return faulted(0);
        long page = leafTwoLevel(pteAddress, pte, pde & pte & (USER | WRITABLE), 12);
        if (page != FAULTED && (pde & ACCESSED) == 0) write32(pdeAddress, pde | ACCESSED);
        return page;
    }

    private long leafTwoLevel(long address, long entry, long permissions, int shift) {
        if (!allows(permissions)) return faulted(ERROR_PRESENT);
        long marks = ACCESSED | (access == WRITE ? DIRTY : 0);
        if ((entry & marks) != marks) write32(address, entry | marks);
        global = (entry & GLOBAL) != 0 && (cpu.cr4 & ControlRegister.CR4_PGE) != 0;
        pageShift = shift;
        long offsetMask = (1L << shift) - 1;
        return entry & 0xFFFF_F000L & ~offsetMask | linear & offsetMask & -4096L;
    }

    /** SDM Vol 3A §4.6.1. */
    private boolean allows(long permissions) {
        boolean userPage = (permissions & USER) != 0;
        boolean userAccess = cpu.cpl == 3 && !implicit;
        boolean allowed = userAccess ? userPage : !userPage || supervisorMayUseUserPage();
        if (access == WRITE && (permissions & WRITABLE) == 0) {
            allowed &= !userAccess && (cpu.cr0 & ControlRegister.CR0_WP) == 0;
        }
        return allowed && (access != FETCH || (permissions & NO_EXECUTE) == 0);
    }

    private boolean supervisorMayUseUserPage() {
        if (access == FETCH) return (cpu.cr4 & ControlRegister.CR4_SMEP) == 0;
        if ((cpu.cr4 & ControlRegister.CR4_SMAP) == 0) return true;
        return !implicit && (cpu.otherFlags & Flags.AC) != 0;
    }

    private long faulted(int present) {
        int code = present;
        if (access == WRITE) code |= WRITE;
        if (cpu.cpl == 3 && !implicit) code |= ERROR_USER;
        if (access == FETCH && fetchesAreTold()) code |= FETCH;
        errorCode = code;
        return FAULTED;
    }

    /** The page fault that the last walk ended in. */
    GuestException fault() {
        return cpu.pageFault(linear, errorCode);
    }

    /** The error code's I/D flag is set only where fetches are checked at all (SDM Vol 3A §4.7). */
    private boolean fetchesAreTold() {
        boolean executeDisable =
                (cpu.cr4 & ControlRegister.CR4_PAE) != 0 && (cpu.msr.efer & ModelSpecificRegisters.EFER_NXE) != 0;
        return executeDisable || (cpu.cr4 & ControlRegister.CR4_SMEP) != 0;
    }

    // ---- entries, wherever they are

    private long read64(long guestPhysical) {
        long address = nested == null ? guestPhysical : nestedEntry(guestPhysical, ExtendedPageWalker.READ);
        long page = cpu.bus.directRead(address & Tlb.PAGE_MASK);
        return page != 0 ? HostMemory.getLong(page + (address & 0xFFF)) : cpu.bus.read(address, 8);
    }

    private long read32(long guestPhysical) {
        long address = nested == null ? guestPhysical : nestedEntry(guestPhysical, ExtendedPageWalker.READ);
        long page = cpu.bus.directRead(address & Tlb.PAGE_MASK);
        return page != 0 ? HostMemory.getInt(page + (address & 0xFFF)) & 0xFFFF_FFFFL : cpu.bus.read(address, 4);
    }

    private void write64(long guestPhysical, long value) {
        long address = nested == null ? guestPhysical : nestedEntry(guestPhysical, ExtendedPageWalker.WRITE);
        long page = cpu.bus.directWrite(address & Tlb.PAGE_MASK);
        if (page != 0) HostMemory.putLong(page + (address & 0xFFF), value);
        else cpu.bus.write(address, 8, value);
    }

    private void write32(long guestPhysical, long value) {
        long address = nested == null ? guestPhysical : nestedEntry(guestPhysical, ExtendedPageWalker.WRITE);
        long page = cpu.bus.directWrite(address & Tlb.PAGE_MASK);
        if (page != 0) HostMemory.putInt(page + (address & 0xFFF), (int) value);
        else cpu.bus.write(address, 4, value);
    }

    private long nestedEntry(long guestPhysical, int wanted) {
        if (wanted == ExtendedPageWalker.READ) references += ExtendedPageWalker.REFERENCES;
        return extended.pagingStructure(Objects.requireNonNull(nested), guestPhysical, wanted, linear);
    }
}
