package dev.simvisor.node.vmm.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.vmm.memory.ShadowTable.NO_GUEST_TABLE;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Shadow page tables of one VM: what the physical processor walks in place of the guest's own (Adams and Agesen, ASPLOS
 * 2006, §3.4; the names are KVM's).
 *
 * <p>Each table of the guest's that a walk has used has a shadow, whose entries hold the machine frames that the guest's
 * entries stand for, with the guest's permissions. Shadows start empty and are filled one entry at a time when the processor
 * faults. The guest's tables are traced: a store to one empties the entries that followed from what was written. A guest that
 * writes a table over and over without using it loses the shadow, and the trace with it.
 *
 * <p>Leaves are always 4 KiB, since a large page of the guest's is hardly ever contiguous in machine memory. A leaf is
 * writable only when the guest has marked the page dirty, so that the first store faults and the guest's own flag is set.
 */
public final class ShadowPageTables {
    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long USER = 1 << 2;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long LARGE = 1 << 7;
    private static final long GLOBAL = 1 << 8;
    private static final long NO_EXECUTE = 1L << 63;
    /** Address bits of an entry. */
    static final long FRAME = 0x000F_FFFF_FFFF_F000L;

    private static final long PERMISSIONS = WRITABLE | USER | NO_EXECUTE;
    /** Of links and leaves that restrict nothing. */
    private static final long ALL = PRESENT | WRITABLE | USER | ACCESSED;

    /** Stores to a guest's table, with no use of it between, after which its shadow is dropped. */
    private static final int FLOOD = 3;

    private static final int NOWHERE = -1;

    /** Tables that a single fill may need, at most. */
    private static final int DEEPEST_FILL = 8;

    private final Cpu virtual;
    private final Cpu physical;
    private final GuestMemory memory;
    private final MachineBus bus;
    private final MachineMemory machine;
    private final int limit;
    private final Map<Long, ShadowTable> tables = new LinkedHashMap<>();
    /** The shadows of a guest's table, by its gfn. */
    private final Map<Integer, ShadowTable> byGuestTable = new LinkedHashMap<>();

    private final VmmArea vmmArea;
    private PagingForm form = PagingForm.NONE;
    /** Some leaf is writable that the guest calls read-only, since CR0.WP was clear. */
    private boolean readOnlyWritten;

    /** The guest has left the VMM no place of its own: it borrows one of the kernel's while programs run. */
    private boolean borrowing;
    /** Where the borrowed place's entry is, while the VMM's pages are there. */
    private @Nullable ShadowTable borrowedFrom;

    private int borrowedIndex;

    /** What the guest's paging structures look like. */
    private enum PagingForm {
        NONE,
        THIRTY_TWO_BIT,
        PAE,
        FOUR_LEVEL
    }

    /**
     * @param virtual the processor that the guest believes in, whose registers say where its page tables are
     * @param physical the processor that walks the shadows
     * @throws MachineMemoryExhausted when the host has no room for the shadows
     */
    public ShadowPageTables(Cpu virtual, Cpu physical, GuestMemory memory, MachineBus bus) {
        this.virtual = virtual;
        this.physical = physical;
        this.memory = memory;
        this.bus = bus;
        this.machine = memory.machine();
        // A shadow frame maps 512 pages; the guest may map each page several times over, in many address spaces.
        this.limit = 1024 + (int) (memory.bytes() >> FRAME_SHIFT) / 32;
        if (!machine.reserve(limit + VmmArea.FRAMES)) throw new MachineMemoryExhausted(limit, machine);
        this.vmmArea = new VmmArea(machine);
    }

    public VmmArea vmmArea() {
        return vmmArea;
    }

    // ---- roots

    /** Points the physical processor at the shadows of the guest's present address space. Its TLB is left to the caller. */
    public void loadRoot() {
        giveBack();
        borrowing = false;
        makeRoom();
        if (readOnlyWritten && (virtual.cr0 & ControlRegister.CR0_WP) != 0) {
            dropAll();
            physical.memory.flushAll();
        }
        PagingForm present = form();
        if (present != form) {
            dropAll();
            form = present;
            vmmArea.moveTo(
                    form == PagingForm.FOUR_LEVEL ? VmmArea.FIRST_PLACE_OF_512 : VmmArea.FIRST_PLACE_OF_2048,
                    topLevel());
        }
        if (form == PagingForm.FOUR_LEVEL) {
            physical.cr3 = table(4, frameOf(virtual.cr3 & FRAME), 0).frameAddress();
            Arrays.fill(physical.pdpte, 0);
        } else {
            physical.cr3 = 0;
            for (int n = 0; n < 4; n++) physical.pdpte[n] = directory(n).frameAddress() | PRESENT;
        }
        mapVmmArea();
    }

    private int topLevel() {
        return form == PagingForm.FOUR_LEVEL ? 4 : 2;
    }

    private PagingForm form() {
        if ((virtual.cr0 & ControlRegister.CR0_PG) == 0) return PagingForm.NONE;
        if (virtual.longMode) return PagingForm.FOUR_LEVEL;
        return (virtual.cr4 & ControlRegister.CR4_PAE) != 0 ? PagingForm.PAE : PagingForm.THIRTY_TWO_BIT;
    }

    /** The shadow that stands for a GiB of 32-bit linear addresses. */
    private ShadowTable directory(int n) {
        return switch (form) {
            case NONE -> direct(2, (long) n << 30);
            case THIRTY_TWO_BIT -> table(2, frameOf(virtual.cr3), n);
            case PAE -> {
                long pointer = virtual.pdpte[n];
                boolean present = (pointer & PRESENT) != 0;
                // Where the guest has no directory, an empty one leaves the VMM a place, and faults alike.
                yield present ? table(2, frameOf(pointer & FRAME), 0) : direct(2, (long) n << 30);
            }
            case FOUR_LEVEL -> throw new AssertionError("4-level paging has no page-directory-pointer registers");
        };
    }

    /** Whether all that the shadows would be made from is memory; page tables in device registers are not followed. */
    public boolean rootIsMemory() {
        return switch (form()) {
            case NONE -> true;
            case THIRTY_TWO_BIT, FOUR_LEVEL -> memory.isMemory((virtual.cr3 & FRAME) >>> FRAME_SHIFT);
            case PAE -> {
                boolean all = true;
                for (long entry : virtual.pdpte) {
                    all &= (entry & PRESENT) == 0 || memory.isMemory((entry & FRAME) >>> FRAME_SHIFT);
                }
                yield all;
            }
        };
    }

    private static int frameOf(long address) {
        return (int) (address >>> FRAME_SHIFT);
    }

    // ---- filling

    /**
     * Makes the present address space's shadow translate {@code linear} as the guest's tables do. The guest's tables have
     * just been walked, and allow the access.
     *
     * @param guestPage guest-physical address of the page, which is memory
     * @return false when a table of the guest's on the way is no memory: then there is no shadow, and no use in trying again
     */
    public boolean fill(long linear, long guestPage, boolean write) {
        if (makeRoom()) loadRoot();
        return switch (form) {
            case NONE -> fillUnpaged(linear, guestPage);
            case THIRTY_TWO_BIT -> fillThirtyTwoBit(linear, guestPage, write);
            case PAE ->
                fillFrom(2, frameOf(virtual.pdpte[(int) (linear >>> 30) & 3] & FRAME), linear, guestPage, write);
            case FOUR_LEVEL -> fillFrom(4, frameOf(virtual.cr3 & FRAME), linear, guestPage, write);
        };
    }

    private boolean fillUnpaged(long linear, long guestPage) {
        fillDirect(direct(2, linear & 0xC000_0000L), guestPage);
        return true;
    }

    /** Follows the guest's tables of 8-byte entries from one of {@code level} down. */
    private boolean fillFrom(int level, int guestTable, long linear, long guestPage, boolean write) {
        ShadowTable table = table(level, guestTable, 0);
        while (true) {
            table.floods = 0;
            int index = index(linear, table.level);
            long entry = memory.read(((long) table.guestTable << FRAME_SHIFT) + 8L * index, 8);
            if (table.level == 1) {
                leaf(table, index, entry, guestPage, write);
                return true;
            }
            if ((entry & LARGE) != 0 && table.level < 4) {
                largePage(table, index, entry, linear, guestPage, 12 + 9 * (table.level - 1), write);
                return true;
            }
            int next = frameOf(entry & FRAME);
            if (!memory.isMemory(next)) return false;
            ShadowTable child = table(table.level - 1, next, 0);
            child.linkFrom(table, index, entry & PERMISSIONS | PRESENT | ACCESSED);
            table = child;
        }
    }

    private boolean fillThirtyTwoBit(long linear, long guestPage, boolean write) {
        ShadowTable directory = table(2, frameOf(virtual.cr3), (int) (linear >>> 30) & 3);
        directory.floods = 0;
        int index = index(linear, 2);
        long pde = memory.read((virtual.cr3 & 0xFFFF_F000L) + (linear >>> 20 & 0xFFC), 4);
        if ((pde & LARGE) != 0 && (virtual.cr4 & ControlRegister.CR4_PSE) != 0) {
            largePage(directory, index, pde, linear, guestPage, 22, write);
            return true;
        }
        int next = frameOf(pde & 0xFFFF_F000L);
        if (!memory.isMemory(next)) return false;
        ShadowTable child = table(1, next, (int) (linear >>> 21) & 1);
        child.floods = 0;
        child.linkFrom(directory, index, pde & PERMISSIONS | PRESENT | ACCESSED);
        long pte = memory.read(((long) next << FRAME_SHIFT) + (linear >>> 10 & 0xFFC), 4);
        leaf(child, index(linear, 1), pte, guestPage, write);
        return true;
    }

    private static int index(long linear, int level) {
        return (int) (linear >>> 12 + 9 * (level - 1)) & ShadowTable.ENTRIES - 1;
    }

    private void leaf(ShadowTable table, int index, long entry, long guestPage, boolean write) {
        table.entry(index, machineFrame(guestPage) | attributes(entry, write) | entry & GLOBAL);
    }

    /** A large page of the guest's is shadowed by a table of its own, whose leaves take their permissions from the link. */
    private void largePage(
            ShadowTable table, int index, long entry, long linear, long guestPage, int shift, boolean write) {
        physical.memory.rememberLargePage(linear, shift);
        int below = table.level - 1;
        // 4 MiB pages have two shadows of 2 MiB each.
        long base = guestPage & -(1L << 12 + 9 * below);
        ShadowTable child = direct(below, base, entry & GLOBAL);
        child.linkFrom(table, index, attributes(entry, write));
        fillDirect(child, guestPage);
    }

    private void fillDirect(ShadowTable top, long guestPage) {
        ShadowTable table = top;
        long global = table.part == 0 ? 0 : GLOBAL;
        while (table.level > 1) {
            int below = table.level - 1;
            ShadowTable child = direct(below, guestPage & -(1L << 12 + 9 * below), global);
            child.linkFrom(table, index(guestPage, table.level), ALL);
            table = child;
        }
        table.entry(index(guestPage, 1), machineFrame(guestPage) | ALL | DIRTY | global);
    }

    /** Accessed and dirty are set beforehand: the shadow's own flags are of no interest. */
    private long attributes(long entry, boolean write) {
        long attributes = entry & (USER | NO_EXECUTE) | PRESENT | ACCESSED | DIRTY;
        boolean writable = (entry & (WRITABLE | DIRTY)) == (WRITABLE | DIRTY);
        if (writable) return attributes | WRITABLE;
        boolean readOnly = (entry & WRITABLE) == 0;
        // CR0.WP clear: the guest's kernel may write what its tables call read-only. As long as it has written, the
        // page
        // is the kernel's alone; an access of the user's faults and fills the entry anew.
        if (write && readOnly) {
            readOnlyWritten = true;
            return (attributes | WRITABLE) & ~USER;
        }
        return attributes;
    }

    private long machineFrame(long guestPage) {
        return (long) bus.frameOf(frameOf(guestPage)) << FRAME_SHIFT;
    }

    // ---- the VMM's own pages

    /**
     * Sees to it that the present address space has the VMM's pages, at a place where the guest has nothing; they move when the
     * guest comes to use that place. If there is none, {@link #admits} borrows one.
     *
     * @return whether anything was done: not if they are there, nor while the guest's kernel has the place
     */
    public boolean mapVmmArea() {
        if (borrowing && !vmmArea.isMapped() && virtual.cpl != 3) return false;
        int place = place(false);
        borrowing = place == NOWHERE;
        if (!borrowing) return mapVmmArea(place);
        if (borrowedFrom != null && holdsVmmArea(borrowedFrom, borrowedIndex)) return false;
        vmmArea.isMapped(false);
        return true;
    }

    /**
     * Before the guest runs: whether it can, at its present privilege level. A guest that maps its whole address space leaves
     * the VMM one of its kernel's places while programs run, which have no access to it, and has it back while the kernel runs:
     * then every load of a segment faults, for want of descriptor tables.
     *
     * @return false when programs have access to every place
     */
    public boolean admits() {
        if (!borrowing) return true;
        boolean program = virtual.cpl == 3;
        if (program && borrowedFrom != null && holdsVmmArea(borrowedFrom, borrowedIndex)) return true;
        giveBack();
        if (!program) return true;
        int place = place(true);
        if (place == NOWHERE) return false;
        mapVmmArea(place);
        physical.memory.flushAll();
        borrowedFrom = tableOf(place);
        borrowedIndex = index(place);
        return true;
    }

    private void giveBack() {
        if (borrowing) vmmArea.isMapped(false);
        if (borrowedFrom == null) return;
        if (holdsVmmArea(borrowedFrom, borrowedIndex)) borrowedFrom.entry(borrowedIndex, 0);
        borrowedFrom = null;
        physical.memory.flushAll();
    }

    /** Returns whether anything was done. */
    private boolean mapVmmArea(int place) {
        ShadowTable table = tableOf(place);
        boolean stays = vmmArea.isAt(place, table.level);
        if (stays && vmmArea.isMapped() && holdsVmmArea(table, index(place))) return false;
        if (!stays) {
            vmmArea.moveTo(place, table.level);
            physical.memory.flushAll();
        }
        vmmArea.isMapped(true);
        table.entry(index(place), vmmArea.top(table.level) | ALL);
        return true;
    }

    private boolean holdsVmmArea(ShadowTable table, int index) {
        return !table.released && table.level > 1 && (table.entry(index) & FRAME) == vmmArea.top(table.level);
    }

    /** The place nearest below the present one that the guest does not use, or else its programs; or {@link #NOWHERE}. */
    private int place(boolean kernels) {
        int places = form == PagingForm.FOUR_LEVEL ? ShadowTable.ENTRIES : 4 * ShadowTable.ENTRIES;
        for (int n = 0; n < places; n++) {
            int place = Math.floorMod(vmmArea.place() - n, places);
            long entry = guestEntry(place);
            if ((entry & PRESENT) == 0 || kernels && (entry & USER) == 0) return place;
        }
        return NOWHERE;
    }

    /** The shadow that has an entry for this place: each is 512 GiB in 4-level paging, else 2 MiB. */
    private ShadowTable tableOf(int place) {
        return form == PagingForm.FOUR_LEVEL ? table(4, frameOf(virtual.cr3 & FRAME), 0) : directory(place >>> 9);
    }

    private static int index(int place) {
        return place & ShadowTable.ENTRIES - 1;
    }

    /** The guest's entry for a place, or as if it had one where it has no table for it. */
    private long guestEntry(int place) {
        ShadowTable table = tableOf(place);
        long address = (long) table.guestTable << FRAME_SHIFT;
        return switch (form) {
            case NONE -> memory.isMemory((long) place << 9) ? PRESENT | USER : 0;
            case THIRTY_TWO_BIT -> memory.read(address + 4L * (place >>> 1 & 1023), 4);
            case PAE, FOUR_LEVEL ->
                table.guestTable == NO_GUEST_TABLE ? 0 : memory.read(address + 8L * index(place), 8);
        };
    }

    // ---- tables

    private ShadowTable table(int level, int guestTable, int part) {
        long key = (long) guestTable << 8 | (long) part << 4 | level;
        ShadowTable table = tables.get(key);
        if (table != null) return table;
        table = allocate(key, level, guestTable, part);
        ShadowTable first = byGuestTable.put(guestTable, table);
        table.sibling = first;
        if (first == null) {
            bus.trace(guestTable);
            virtual.memory.flushWrites();
        }
        return table;
    }

    private ShadowTable direct(int level, long base) {
        return direct(level, base, 0);
    }

    private ShadowTable direct(int level, long base, long global) {
        int part = global == 0 ? 0 : 1;
        long key = base << 8 | (long) part << 7 | 1L << 6 | level;
        ShadowTable table = tables.get(key);
        return table != null ? table : allocate(key, level, NO_GUEST_TABLE, part);
    }

    private ShadowTable allocate(long key, int level, int guestTable, int part) {
        int mfn = machine.allocate();
        bus.takeFrame(mfn);
        ShadowTable table = new ShadowTable(key, level, guestTable, part, mfn, machine.addressOf(mfn));
        tables.put(key, table);
        return table;
    }

    /** Drops everything when the next fill might find no frame left. Returns whether it did. */
    private boolean makeRoom() {
        if (tables.size() + DEEPEST_FILL <= limit) return false;
        dropAll();
        physical.memory.flushAll();
        return true;
    }

    /** A page has another frame: leaves that led to one lead to the other. */
    public void exchangeFrame(int from, int to) {
        for (ShadowTable table : tables.values()) {
            if (table.level == 1) table.exchangeFrame(from, to);
        }
    }

    // ---- what the guest does to its tables

    /**
     * The guest, a device or the VMM wrote to a traced page: what the shadows have from there is forgotten.
     *
     * @return whether a page table was written
     */
    public boolean written(long address, long length, boolean byGuest) {
        boolean any = false;
        long end = address + length;
        for (long page = address >>> FRAME_SHIFT; page << FRAME_SHIFT < end; page++) {
            int from = (int) Math.max(0, address - (page << FRAME_SHIFT));
            int to = (int) Math.min(MachineMemory.FRAME_SIZE, end - (page << FRAME_SHIFT));
            ShadowTable first = byGuestTable.get((int) page);
            if (first == null) continue;
            any = true;
            written(first, from, to, byGuest);
        }
        return any;
    }

    private void written(ShadowTable first, int from, int to, boolean byGuest) {
        boolean flooded = false;
        for (ShadowTable table = first; table != null; table = table.sibling) {
            forget(table, from, to);
            if (byGuest) flooded |= ++table.floods >= FLOOD;
        }
        if (flooded && !isRoot(first)) drop(first);
    }

    private void forget(ShadowTable table, int from, int to) {
        if (form != PagingForm.THIRTY_TWO_BIT) {
            for (int n = from >>> 3; n <= to - 1 >>> 3; n++) clear(table, n);
            return;
        }
        for (int n = from >>> 2; n <= to - 1 >>> 2; n++) {
            if (table.level == 1) {
                if (n >>> 9 == table.part) clear(table, n & 511);
            } else if (n >>> 8 == table.part) {
                clear(table, n << 1 & 511);
                clear(table, n << 1 & 511 | 1);
            }
        }
    }

    private void clear(ShadowTable table, int index) {
        // Where the VMM's pages were the guest may now have its own, which it need not flush for.
        if (holdsVmmArea(table, index)) physical.memory.flushAll();
        table.entry(index, 0);
    }

    private boolean isRoot(ShadowTable first) {
        for (ShadowTable table = first; table != null; table = table.sibling) {
            if (table.frameAddress() == physical.cr3) return true;
            for (long pointer : physical.pdpte) {
                if (table.frameAddress() == (pointer & FRAME)) return true;
            }
        }
        return false;
    }

    /** Drops all shadows of a guest's table, and the trace. */
    private void drop(ShadowTable first) {
        byGuestTable.remove(first.guestTable);
        bus.untrace(first.guestTable);
        for (ShadowTable table = first; table != null; table = table.sibling) {
            table.unlink();
            tables.remove(table.key);
            release(table);
        }
    }

    private void release(ShadowTable table) {
        table.released = true;
        machine.release(table.mfn);
    }

    /** Forgets all shadows: the guest's memory lies elsewhere now, or its paging has another form. */
    public void dropAll() {
        byGuestTable.keySet().forEach(bus::untrace);
        byGuestTable.clear();
        tables.values().forEach(this::release);
        tables.clear();
        readOnlyWritten = false;
    }

    /** Gives the host back its frames. */
    public void close() {
        dropAll();
        vmmArea.release();
        machine.unreserve(limit + VmmArea.FRAMES);
    }
}
