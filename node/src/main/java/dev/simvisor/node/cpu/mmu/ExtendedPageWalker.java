package dev.simvisor.node.cpu.mmu;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.nonroot.ControlStructure;
import dev.simvisor.node.cpu.nonroot.ExitReason;
import java.util.Arrays;

/**
 * Walks the extended page tables: guest-physical to machine addresses, four levels (SDM Vol 3C §29.3). Leaves non-root
 * operation for what they lack.
 *
 * <p>Translations are cached in a small direct-mapped buffer, or each miss of the TLB would cost up to 24 references. As on
 * silicon, absent ones are not, so that adding one needs no INVEPT.
 */
final class ExtendedPageWalker {
    static final int READ = 1;
    static final int WRITE = 1 << 1;
    static final int EXECUTE = 1 << 2;

    /** References to extended paging structures that translating one address takes without a cache. */
    static final int REFERENCES = 4;

    // Exit qualification for EPT violations (table 28-7); bits 2:0 are the access, as above.
    private static final int PERMISSIONS_SHIFT = 3;
    private static final long LINEAR_ADDRESS_VALID = 1 << 7;
    /** The access was to the translation of the linear address, and not to a paging-structure entry on the way. */
    private static final long TRANSLATED = 1 << 8;

    private static final long PERMISSIONS = READ | WRITE | EXECUTE;
    private static final long LARGE = 1 << 7;
    private static final int MEMORY_TYPE_SHIFT = 3;
    /** Memory types UC, WC, WT, WP and WB. */
    private static final int MEMORY_TYPES = 0b111_0011;
    /** Bits 7:3 of an entry that refers to a PDPT, 6:3 of one that refers to a lower table (tables 29-1, 29-3, 29-5). */
    private static final long RESERVED_IN_PML4E = 0xF8;

    private static final long RESERVED_IN_TABLE = 0x78;

    private static final int PML4_SHIFT = 39;
    private static final int PDPT_SHIFT = 30;
    private static final int PAGE_SHIFT = 12;
    private static final int BITS_PER_LEVEL = 9;

    private static final int CACHED = 4096;
    private static final long NOTHING = 1;

    private final Cpu cpu;
    private final long addressMask;
    private final long reservedAddressBits;
    /** By slot: guest-physical page, and machine page with the permissions in its low bits. */
    private final long[] guestPages = new long[CACHED];

    private final long[] machinePages = new long[CACHED];

    // The access under way.
    private long guestPhysical;
    private int access;
    private long linear;
    private long addressKind;

    ExtendedPageWalker(Cpu cpu) {
        this.cpu = cpu;
        long physicalMask = (1L << cpu.model.physicalAddressBits()) - 1;
        this.addressMask = physicalMask & -4096L;
        this.reservedAddressBits = ~physicalMask & (1L << 52) - 1;
        flush();
    }

    /** As INVEPT does. */
    void flush() {
        Arrays.fill(guestPages, NOTHING);
    }

    /** Forgets the translation of one page. */
    void forget(long guestPhysicalPage) {
        int slot = (int) (guestPhysicalPage >>> PAGE_SHIFT) & CACHED - 1;
        if (guestPages[slot] == guestPhysicalPage) guestPages[slot] = NOTHING;
    }

    /** Machine address of what the linear address has been translated to. */
    long translated(ControlStructure controls, long address, int wanted, long linearAddress) {
        return machineAddress(controls, address, wanted, linearAddress, LINEAR_ADDRESS_VALID | TRANSLATED);
    }

    /** Machine address of a paging-structure entry on the way. */
    long pagingStructure(ControlStructure controls, long address, int wanted, long linearAddress) {
        return machineAddress(controls, address, wanted, linearAddress, LINEAR_ADDRESS_VALID);
    }

    /** Machine address of something that no linear address leads to, such as a PDPTE loaded with CR3. */
    long untranslated(ControlStructure controls, long address, int wanted) {
        return machineAddress(controls, address, wanted, 0, 0);
    }

    private long machineAddress(ControlStructure controls, long address, int wanted, long linearAddress, long kind) {
        int slot = (int) (address >>> PAGE_SHIFT) & CACHED - 1;
        long machine = machinePages[slot];
        if (guestPages[slot] != (address & Tlb.PAGE_MASK) || (machine & wanted) == 0) {
            guestPhysical = address;
            access = wanted;
            linear = linearAddress;
            addressKind = kind;
            machine = walk(controls);
            guestPages[slot] = address & Tlb.PAGE_MASK;
            machinePages[slot] = machine;
        }
        return machine & Tlb.PAGE_MASK | address & ~Tlb.PAGE_MASK;
    }

    /** The 4 KiB machine page, and what may be done there. */
    private long walk(ControlStructure controls) {
        long table = controls.extendedTable();
        long permissions = PERMISSIONS;
        for (int shift = PML4_SHIFT; ; shift -= BITS_PER_LEVEL) {
            long entry = cpu.bus.read(table | (guestPhysical >>> shift & 0x1FF) << 3, Long.BYTES);
            permissions &= entry;
            if ((entry & PERMISSIONS) == 0) throw violation(controls, 0);
            boolean leaf = shift == PAGE_SHIFT || shift <= PDPT_SHIFT && (entry & LARGE) != 0;
            if (misconfigured(entry, shift, leaf)) {
                throw controls.leave(cpu, ExitReason.EPT_MISCONFIGURATION, 0, linear, guestPhysical);
            }
            if (leaf) {
                if ((permissions & access) == 0) throw violation(controls, permissions);
                long offsetMask = (1L << shift) - 1;
                return entry & addressMask & ~offsetMask | guestPhysical & offsetMask & Tlb.PAGE_MASK | permissions;
            }
            table = entry & addressMask;
        }
    }

    private RuntimeException violation(ControlStructure controls, long permissions) {
        long qualification = access | permissions << PERMISSIONS_SHIFT | addressKind;
        return controls.leave(cpu, ExitReason.EPT_VIOLATION, qualification, linear, guestPhysical);
    }

    /** SDM Vol 3C §29.3.3.1; execute-only pages are not offered. */
    private boolean misconfigured(long entry, int shift, boolean leaf) {
        boolean writeWithoutRead = (entry & READ) == 0;
        if (writeWithoutRead || (entry & reservedAddressBits) != 0) return true;
        if (!leaf) return (entry & (shift == PML4_SHIFT ? RESERVED_IN_PML4E : RESERVED_IN_TABLE)) != 0;
        boolean unaligned = (entry & (1L << shift) - 1 & Tlb.PAGE_MASK) != 0;
        int memoryType = (int) (entry >>> MEMORY_TYPE_SHIFT) & 7;
        return unaligned || (MEMORY_TYPES >>> memoryType & 1) == 0;
    }
}
