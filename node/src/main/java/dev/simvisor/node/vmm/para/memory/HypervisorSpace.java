package dev.simvisor.node.vmm.para.memory;

import static dev.simvisor.node.vmm.para.memory.PageTableEntry.ACCESSED;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.DIRTY;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.ENTRIES;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.NO_EXECUTE;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.PRESENT;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.USER;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.WRITABLE;

import dev.simvisor.node.cpu.HostMemory;

/**
 * What the VMM keeps in every address space of a domain, in the entries of the level-4 table that the ABI reserves for it
 * (public header arch-x86/xen-x86_64.h): the machine-to-physical table, which the guest may read, and the descriptor tables
 * of each vCPU, which only the processor reads.
 *
 * <p>The machine-to-physical table has the domain's own frames alone. Real Xen's has all of the host's, which tells guests more
 * than they need, and would make what they see depend on their neighbours.
 */
public final class HypervisorSpace {
    /** Linear address of the machine-to-physical table: a quadword per machine frame. */
    public static final long MACHINE_TO_PHYSICAL = 0xFFFF_8000_0000_0000L;

    /** End of what the ABI reserves. */
    public static final long END = 0xFFFF_8800_0000_0000L;

    private static final int FIRST_RESERVED_SLOT = 256;
    private static final int LAST_RESERVED_SLOT = 271;
    private static final int TABLES_SLOT = 260;

    private static final long TABLES = 0xFFFF_8200_0000_0000L;
    /** A GDT of 16 pages and an LDT of as many. */
    private static final int PAGES_PER_VCPU = 32;

    private static final int PAGES_PER_TABLE = 16;

    /** The page of a GDT with the VMM's descriptors, and the byte at which they start: FIRST_RESERVED_GDT_BYTE. */
    public static final int RESERVED_PAGE = 14;

    public static final int FLAT_CODE_32 = 0xE023;
    public static final int FLAT_DATA = 0xE02B;
    public static final int FLAT_CODE_64 = 0xE033;

    private static final long CODE_32_DESCRIPTOR = 0x00CF_FB00_0000_FFFFL;
    private static final long DATA_DESCRIPTOR = 0x00CF_F300_0000_FFFFL;
    private static final long CODE_64_DESCRIPTOR = 0x00AF_FB00_0000_FFFFL;

    private static final long LINK = PRESENT | WRITABLE | USER | ACCESSED | DIRTY;
    private static final long READ_ONLY_TO_GUEST = PRESENT | USER | ACCESSED | NO_EXECUTE;
    private static final long PRIVATE = PRESENT | WRITABLE | ACCESSED | DIRTY | NO_EXECUTE;

    private final DomainMemory domain;
    private final long machineToPhysicalRoot;
    private final long tablesRoot;
    private final long zeroPage;
    private final long reservedDescriptors;

    /** @param vcpus how many have descriptor tables */
    public HypervisorSpace(DomainMemory domain, int vcpus) {
        this.domain = domain;
        machineToPhysicalRoot = domain.allocateHypervisorFrame();
        tablesRoot = domain.allocateHypervisorFrame();
        zeroPage = domain.allocateHypervisorFrame();
        reservedDescriptors = domain.allocateHypervisorFrame();
        put(reservedDescriptors, (FLAT_CODE_32 & 0xFF8) / 8, CODE_32_DESCRIPTOR);
        put(reservedDescriptors, (FLAT_DATA & 0xFF8) / 8, DATA_DESCRIPTOR);
        put(reservedDescriptors, (FLAT_CODE_64 & 0xFF8) / 8, CODE_64_DESCRIPTOR);
        for (long mfn = domain.firstMfn() & -ENTRIES; mfn < domain.endMfn(); mfn += ENTRIES) {
            long page = domain.allocateHypervisorFrame();
            map(machineToPhysicalRoot, MACHINE_TO_PHYSICAL + 8 * mfn, page, READ_ONLY_TO_GUEST);
            for (int index = 0; index < ENTRIES; index++) put(page, index, -1);
        }
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            for (int page = 0; page < PAGES_PER_VCPU; page++) unmapTablePage(vcpu, page);
            map(tablesRoot, tables(vcpu) + (RESERVED_PAGE << 12), reservedDescriptors, PRIVATE);
        }
    }

    /** How many frames of the VMM such a space takes at most. */
    public static int frames(long domainFrames, int vcpus) {
        long tablePages = domainFrames / ENTRIES + 3;
        return (int) (tablePages + tablePages / ENTRIES + 4 + vcpus * PAGES_PER_VCPU / ENTRIES + 12);
    }

    /** Whether an entry of a level-4 table is the VMM's. */
    public static boolean isReserved(int index) {
        return index >= FIRST_RESERVED_SLOT && index <= LAST_RESERVED_SLOT;
    }

    /**
     * Whether a linear address is one that a guest may hand to the VMM: canonical, and not the VMM's. One that is not canonical
     * would lead into the VMM's tables, since bits 63:48 choose no entry.
     */
    public static boolean isGuests(long linear) {
        return linear >= 0 ? linear < 0x0000_8000_0000_0000L : linear >= END;
    }

    /** Makes the space part of an address space. */
    void mapInto(FrameTable frames, int root) {
        for (int index = FIRST_RESERVED_SLOT; index <= LAST_RESERVED_SLOT; index++) {
            long entry = switch (index) {
                case FIRST_RESERVED_SLOT -> PageTableEntry.of(machineToPhysicalRoot, LINK & ~WRITABLE);
                case TABLES_SLOT -> PageTableEntry.of(tablesRoot, LINK & ~USER);
                default -> 0;
            };
            frames.write(root, index, entry);
        }
    }

    // ---- the machine-to-physical table

    /** What the guest calls a frame, -1 when nothing. */
    public void physical(int gfn, long pfn) {
        long mfn = domain.mfn(gfn);
        long page = leaf(machineToPhysicalRoot, MACHINE_TO_PHYSICAL + 8 * mfn);
        put(page, (int) mfn & ENTRIES - 1, pfn);
    }

    public long physical(int gfn) {
        long mfn = domain.mfn(gfn);
        long page = leaf(machineToPhysicalRoot, MACHINE_TO_PHYSICAL + 8 * mfn);
        return get(page, (int) mfn & ENTRIES - 1);
    }

    // ---- descriptor tables

    private static long tables(int vcpu) {
        return TABLES + ((long) vcpu * PAGES_PER_VCPU << 12);
    }

    /** Linear address of a vCPU's GDT. */
    public static long gdt(int vcpu) {
        return tables(vcpu);
    }

    /** Linear address of a vCPU's LDT. */
    public static long ldt(int vcpu) {
        return tables(vcpu) + ((long) PAGES_PER_TABLE << 12);
    }

    /** Puts a frame of the domain into a vCPU's GDT (pages 0 to 13). */
    public void mapGdtPage(int vcpu, int page, int gfn) {
        map(tablesRoot, tables(vcpu) + ((long) page << 12), domain.mfn(gfn), PRIVATE);
    }

    public void unmapGdtPage(int vcpu, int page) {
        unmapTablePage(vcpu, page);
    }

    public void mapLdtPage(int vcpu, int page, int gfn) {
        map(tablesRoot, ldt(vcpu) + ((long) page << 12), domain.mfn(gfn), PRIVATE);
    }

    public void unmapLdtPage(int vcpu, int page) {
        unmapTablePage(vcpu, PAGES_PER_TABLE + page);
    }

    private void unmapTablePage(int vcpu, int page) {
        map(tablesRoot, tables(vcpu) + ((long) page << 12), zeroPage, PRIVATE & ~WRITABLE);
    }

    // ---- the VMM's page tables

    private void map(long root, long linear, long mfn, long flags) {
        long table = root;
        for (int level = 3; level > 1; level--) {
            int index = PageTableEntry.index(linear, level);
            long entry = get(table, index);
            if (entry == 0) {
                entry = PageTableEntry.of(domain.allocateHypervisorFrame(), LINK);
                put(table, index, entry);
            }
            table = PageTableEntry.mfn(entry);
        }
        put(table, PageTableEntry.index(linear, 1), PageTableEntry.of(mfn, flags));
    }

    private long leaf(long root, long linear) {
        long table = root;
        for (int level = 3; level >= 1; level--) {
            table = PageTableEntry.mfn(get(table, PageTableEntry.index(linear, level)));
        }
        return table;
    }

    private long get(long mfn, int index) {
        return HostMemory.getLong(address(mfn) + 8L * index);
    }

    private void put(long mfn, int index, long value) {
        HostMemory.putLong(address(mfn) + 8L * index, value);
    }

    /** Of another frame than the VMM's there is none: a table that leads there was overwritten, and this VM has to end. */
    private long address(long mfn) {
        long address = domain.hypervisorAddress(mfn);
        if (address == 0) throw new IllegalStateException("mfn " + mfn + " is no frame of the VMM's");
        return address;
    }
}
