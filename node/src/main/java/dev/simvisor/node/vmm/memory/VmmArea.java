package dev.simvisor.node.vmm.memory;

import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.machine.memory.MachineMemory;

/**
 * The pages that the VMM keeps in the guest's linear address space, because the processor looks for descriptor tables at
 * linear addresses: shadows of the guest's GDT and LDT. They are read-only, supervisor and not executable; the guest's kernel,
 * in ring 1, can see them, which is one of the leaks that come with deprivileging.
 *
 * <p>A place is an entry of the top shadow table: 512 GiB in 4-level paging, else 2 MiB.
 */
public final class VmmArea {
    /** Of a descriptor table: 64 KiB. */
    private static final int TABLE_PAGES = 16;

    private static final int DATA_PAGES = 2 * TABLE_PAGES;
    private static final int LEVELS = 3;

    /** Machine frames that the area takes. */
    static final int FRAMES = DATA_PAGES + LEVELS;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long NO_EXECUTE = 1L << 63;

    private final MachineMemory machine;
    private final int[] data = new int[DATA_PAGES];
    /** The private tables of level 1 to 3, at their level's index less 1. */
    private final int[] tables = new int[LEVELS];

    /** Linux leaves the first 8 TiB of the upper half to hypervisors (Documentation/arch/x86/x86_64/mm.rst). */
    static final int FIRST_PLACE_OF_512 = 256;

    /** A little below the top, where kernels have fixed mappings. */
    static final int FIRST_PLACE_OF_2048 = 2040;

    private int place;
    private int level;
    private long linear;
    private boolean mapped;

    VmmArea(MachineMemory machine) {
        this.machine = machine;
        for (int n = 0; n < DATA_PAGES; n++) data[n] = machine.allocate();
        for (int n = 0; n < LEVELS; n++) tables[n] = machine.allocate();
        for (int n = 0; n < DATA_PAGES; n++) {
            entry(0, n, (long) data[n] << 12 | PRESENT | ACCESSED | DIRTY | NO_EXECUTE);
        }
        for (int n = 1; n < LEVELS; n++) entry(n, 0, (long) tables[n - 1] << 12 | PRESENT | WRITABLE | ACCESSED);
        moveTo(FIRST_PLACE_OF_2048, 2);
    }

    private void entry(int table, int index, long value) {
        HostMemory.putLong(machine.addressOf(tables[table]) + 8L * index, value);
    }

    int place() {
        return place;
    }

    boolean isAt(int place, int level) {
        return this.place == place && this.level == level;
    }

    /** The table that an entry of a table of {@code level} links: machine address. */
    long top(int level) {
        return (long) tables[level - 2] << 12;
    }

    void moveTo(int place, int level) {
        this.place = place;
        this.level = level;
        linear = level == 4 ? (long) place << placeShift() << 16 >> 16 : (long) place << placeShift();
    }

    /** Whether a linear address lies in the area's place, which the guest has nothing of while the area is there. */
    public boolean contains(long address) {
        return address >>> placeShift() == linear >>> placeShift();
    }

    private int placeShift() {
        return level == 4 ? 39 : 21;
    }

    /** Whether the area is in the present address space. */
    public boolean isMapped() {
        return mapped;
    }

    void isMapped(boolean is) {
        mapped = is;
    }

    /** Linear address of the shadow GDT, 64 KiB. */
    public long gdt() {
        return linear;
    }

    /** Linear address of the shadow LDT, 64 KiB. */
    public long ldt() {
        return linear + ((long) TABLE_PAGES << 12);
    }

    /** Writes the descriptor at a byte offset of the shadow GDT or, with {@code local}, LDT. */
    public void descriptor(boolean local, int offset, long value) {
        int page = (offset >>> 12) + (local ? TABLE_PAGES : 0);
        HostMemory.putLong(machine.addressOf(data[page]) + (offset & 0xFF8), value);
    }

    void release() {
        for (int mfn : data) machine.release(mfn);
        for (int mfn : tables) machine.release(mfn);
    }
}
