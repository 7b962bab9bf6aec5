package dev.simvisor.node.cpu.mmu;

import static dev.simvisor.node.cpu.mmu.Tlb.PAGE_MASK;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.HostMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Memory as instructions address it: linear addresses, after segmentation.
 *
 * <p>A hit in the TLB costs a compare and an add. The compare takes the page of the access's last byte, so that an access
 * which crosses into the next page never hits. All else (misses, crossings, devices, watched pages, alignment checks, data
 * breakpoints) goes through {@link SlowAccess}. Values are zero-extended.
 */
public final class LinearMemory {
    private static final int SUPERVISOR = 0;
    /** Supervisor with EFLAGS.AC set, which lifts SMAP (SDM Vol 3A §4.6.1). */
    private static final int SUPERVISOR_ALIGNMENT_CHECK = 1;

    private static final int USER = 2;
    private static final int PRIVILEGES = 3;
    /** No physical page: the access raises a page fault. */
    public static final long FAULTED = PageWalker.FAULTED;

    /** Two of them, for loads and stores. */
    private static final MemorySegment ALWAYS_MISSES = Tlb.allocate(2);

    private static final Tlb LOADS_ALWAYS_MISS = new Tlb(ALWAYS_MISSES.asSlice(0, Tlb.SIZE));
    private static final Tlb STORES_ALWAYS_MISS = new Tlb(ALWAYS_MISSES.asSlice(Tlb.SIZE));

    private final Cpu cpu;
    private final SlowAccess slow;
    private final Tlb[] readTlbs = new Tlb[PRIVILEGES];
    private final Tlb[] writeTlbs = new Tlb[PRIVILEGES];
    private final Tlb[] fetchTlbs = new Tlb[PRIVILEGES];
    private final LargePages largePages = new LargePages();
    private @Nullable LinearMemory follower;
    private int privilege;
    private Tlb fetchTlb;
    // Addresses of the entries for loads and stores, those for stores Tlb.SIZE behind the others.
    private long reads;
    private long writes;
    // The same of implicit supervisor accesses.
    private final long systemReads;
    private final long systemWrites;
    /** Null while page walks take no time. */
    private @Nullable ModelTlb modelTlb;

    public LinearMemory(Cpu cpu) {
        this.cpu = cpu;
        this.slow = new SlowAccess(cpu, this);
        for (int n = 0; n < PRIVILEGES; n++) {
            MemorySegment tlbs = Tlb.allocate(3);
            readTlbs[n] = new Tlb(tlbs.asSlice(0, Tlb.SIZE));
            writeTlbs[n] = new Tlb(tlbs.asSlice(Tlb.SIZE, Tlb.SIZE));
            fetchTlbs[n] = new Tlb(tlbs.asSlice(2L * Tlb.SIZE));
        }
        fetchTlb = fetchTlbs[SUPERVISOR];
        systemReads = readTlbs[SUPERVISOR].entries;
        systemWrites = writeTlbs[SUPERVISOR].entries;
        reads = systemReads;
        writes = systemWrites;
        cpu.probe.onWatch(this::flushAll);
    }

    /** Follows a change of privilege, EFLAGS.AC, CR0.AM, SMAP or the breakpoints. */
    public void updateMode() {
        cpu.attention = true;
        boolean alignmentFlag = (cpu.otherFlags & Flags.AC) != 0;
        boolean smap = (cpu.cr4 & ControlRegister.CR4_SMAP) != 0;
        privilege = cpu.cpl == 3 ? USER : smap && alignmentFlag ? SUPERVISOR_ALIGNMENT_CHECK : SUPERVISOR;
        boolean alignmentChecked = cpu.cpl == 3 && alignmentFlag && (cpu.cr0 & ControlRegister.CR0_AM) != 0;
        slow.configure(alignmentChecked);
        boolean everySlow = alignmentChecked || slow.dataBreakpoints();
        reads = (everySlow ? LOADS_ALWAYS_MISS : readTlbs[privilege]).entries;
        writes = (everySlow ? STORES_ALWAYS_MISS : writeTlbs[privilege]).entries;
        fetchTlb = fetchTlbs[privilege];
    }

    // ---- loads

    public int read8(long linear) {
        long entry = Tlb.entry(reads, linear);
        if (Tlb.page(entry) == (linear & PAGE_MASK)) return HostMemory.getByte(linear + Tlb.addend(entry)) & 0xFF;
        return (int) slow.read(linear, 1);
    }

    public int read16(long linear) {
        long entry = Tlb.entry(reads, linear);
        if (Tlb.page(entry) == (linear + 1 & PAGE_MASK))
            return HostMemory.getShort(linear + Tlb.addend(entry)) & 0xFFFF;
        return (int) slow.read(linear, 2);
    }

    public int read32(long linear) {
        long entry = Tlb.entry(reads, linear);
        if (Tlb.page(entry) == (linear + 3 & PAGE_MASK)) return HostMemory.getInt(linear + Tlb.addend(entry));
        return (int) slow.read(linear, 4);
    }

    public long read64(long linear) {
        long entry = Tlb.entry(reads, linear);
        if (Tlb.page(entry) == (linear + 7 & PAGE_MASK)) return HostMemory.getLong(linear + Tlb.addend(entry));
        return slow.read(linear, 8);
    }

    // ---- stores

    public void write8(long linear, int value) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear & PAGE_MASK)) HostMemory.putByte(linear + Tlb.addend(entry), (byte) value);
        else slow.write(linear, 1, value);
    }

    public void write16(long linear, int value) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear + 1 & PAGE_MASK)) HostMemory.putShort(linear + Tlb.addend(entry), (short) value);
        else slow.write(linear, 2, value);
    }

    public void write32(long linear, int value) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear + 3 & PAGE_MASK)) HostMemory.putInt(linear + Tlb.addend(entry), value);
        else slow.write(linear, 4, value);
    }

    public void write64(long linear, long value) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear + 7 & PAGE_MASK)) HostMemory.putLong(linear + Tlb.addend(entry), value);
        else slow.write(linear, 8, value);
    }

    // ---- loads of operands that will be stored to: what a store could raise is raised here, before any effect

    public int readForUpdate8(long linear) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear & PAGE_MASK)) return HostMemory.getByte(linear + Tlb.addend(entry)) & 0xFF;
        slow.checkWrite(linear, 1);
        return read8(linear);
    }

    public int readForUpdate16(long linear) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear + 1 & PAGE_MASK))
            return HostMemory.getShort(linear + Tlb.addend(entry)) & 0xFFFF;
        slow.checkWrite(linear, 2);
        return read16(linear);
    }

    public int readForUpdate32(long linear) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear + 3 & PAGE_MASK)) return HostMemory.getInt(linear + Tlb.addend(entry));
        slow.checkWrite(linear, 4);
        return read32(linear);
    }

    public long readForUpdate64(long linear) {
        long entry = Tlb.entry(writes, linear);
        if (Tlb.page(entry) == (linear + 7 & PAGE_MASK)) return HostMemory.getLong(linear + Tlb.addend(entry));
        slow.checkWrite(linear, 8);
        return read64(linear);
    }

    /** Raises the fault that a store of {@code size} bytes (1 to 4096) would raise, and does nothing else. */
    public void checkWrite(long linear, int size) {
        if (Tlb.page(Tlb.entry(writes, linear)) != (linear + size - 1 & PAGE_MASK)) slow.checkWrite(linear, size);
    }

    /** Host address of {@code size} bytes (1 to 4096) to be loaded from, if the TLB has them and they lie in one page; else 0. */
    public long loadable(long linear, int size) {
        return present(Tlb.entry(reads, linear), linear, size);
    }

    /** As {@link #loadable}, of bytes to be stored to. */
    public long storable(long linear, int size) {
        return present(Tlb.entry(writes, linear), linear, size);
    }

    private static long present(long entry, long linear, int size) {
        return Tlb.page(entry) == (linear + size - 1 & PAGE_MASK) ? linear + Tlb.addend(entry) : 0;
    }

    // ---- what translated code needs: see PlainMemory

    /** Address of the entries of the TLB for loads; those of the one for stores follow. Valid until {@link #updateMode}. */
    public long dataEntries() {
        return reads;
    }

    long readPlain(long linear, int size) {
        return slow.readPlain(linear, size);
    }

    void writePlain(long linear, int size, long value) {
        slow.writePlain(linear, size, value);
    }

    void checkWritePlain(long linear, int size) {
        slow.checkWritePlain(linear, size);
    }

    /** As {@link #readForUpdate32}: checks the store, then loads. */
    long readForUpdatePlain(long linear, int size) {
        slow.checkWritePlain(linear, size);
        long entry = Tlb.entry(reads, linear);
        boolean hit = Tlb.page(entry) == (linear + size - 1 & PAGE_MASK);
        return hit ? SlowAccess.load(linear + Tlb.addend(entry), size) : slow.readPlain(linear, size);
    }

    /** Physical address of the page at {@code linear} if the TLB for fetches has it, else -1. */
    public long fetchHit(long linear) {
        long entry = Tlb.entry(fetchTlb.entries, linear);
        long page = linear & PAGE_MASK;
        return Tlb.page(entry) == page ? page + Tlb.addend(entry) : -1;
    }

    /** Whether the TLB for fetches has the page at {@code linear}, at that physical address. */
    public boolean fetches(long linear, long physicalPage) {
        return fetchHit(linear) == physicalPage;
    }

    // ---- implicit supervisor accesses to descriptor tables, the TSS and the like (SDM Vol 3A §4.6)

    public int readSystem8(long linear) {
        long entry = Tlb.entry(systemReads, linear);
        if (Tlb.page(entry) == (linear & PAGE_MASK)) return HostMemory.getByte(linear + Tlb.addend(entry)) & 0xFF;
        return (int) slow.readSystem(linear, 1);
    }

    public int readSystem16(long linear) {
        long entry = Tlb.entry(systemReads, linear);
        if (Tlb.page(entry) == (linear + 1 & PAGE_MASK))
            return HostMemory.getShort(linear + Tlb.addend(entry)) & 0xFFFF;
        return (int) slow.readSystem(linear, 2);
    }

    public int readSystem32(long linear) {
        long entry = Tlb.entry(systemReads, linear);
        if (Tlb.page(entry) == (linear + 3 & PAGE_MASK)) return HostMemory.getInt(linear + Tlb.addend(entry));
        return (int) slow.readSystem(linear, 4);
    }

    public long readSystem64(long linear) {
        long entry = Tlb.entry(systemReads, linear);
        if (Tlb.page(entry) == (linear + 7 & PAGE_MASK)) return HostMemory.getLong(linear + Tlb.addend(entry));
        return slow.readSystem(linear, 8);
    }

    public void writeSystem8(long linear, int value) {
        long entry = Tlb.entry(systemWrites, linear);
        if (Tlb.page(entry) == (linear & PAGE_MASK)) HostMemory.putByte(linear + Tlb.addend(entry), (byte) value);
        else slow.writeSystem(linear, 1, value);
    }

    public void writeSystem16(long linear, int value) {
        long entry = Tlb.entry(systemWrites, linear);
        if (Tlb.page(entry) == (linear + 1 & PAGE_MASK)) HostMemory.putShort(linear + Tlb.addend(entry), (short) value);
        else slow.writeSystem(linear, 2, value);
    }

    public void writeSystem32(long linear, int value) {
        long entry = Tlb.entry(systemWrites, linear);
        if (Tlb.page(entry) == (linear + 3 & PAGE_MASK)) HostMemory.putInt(linear + Tlb.addend(entry), value);
        else slow.writeSystem(linear, 4, value);
    }

    public void writeSystem64(long linear, long value) {
        long entry = Tlb.entry(systemWrites, linear);
        if (Tlb.page(entry) == (linear + 7 & PAGE_MASK)) HostMemory.putLong(linear + Tlb.addend(entry), value);
        else slow.writeSystem(linear, 8, value);
    }

    /** Raises the fault that {@link #writeSystem8} and its like would raise. */
    public void checkWriteSystem(long linear, int size) {
        slow.checkWriteSystem(linear, size);
    }

    /** Loads 8 bytes at a physical address, as the processor does for page-directory-pointer-table entries. */
    public long readPhysical64(long physical) {
        return slow.readPhysical64(physical);
    }

    // ---- fetches

    /** Physical address of the page that holds the instruction byte at {@code linear}; raises #PF or #GP. */
    public long fetchPage(long linear) {
        long entry = Tlb.entry(fetchTlb.entries, linear);
        long page = linear & PAGE_MASK;
        if (Tlb.page(entry) == page) return page + Tlb.addend(entry);
        return slow.fetchPage(linear);
    }

    // ---- direct access for repeated string instructions

    /** What to add to a linear address in the page of {@code linear} for direct loads; 0 when there is no such mapping. */
    public long readAddend(long linear) {
        long entry = Tlb.entry(reads, linear);
        return Tlb.page(entry) == (linear & PAGE_MASK) ? Tlb.addend(entry) : 0;
    }

    /** As {@link #readAddend}, for stores. */
    public long writeAddend(long linear) {
        long entry = Tlb.entry(writes, linear);
        return Tlb.page(entry) == (linear & PAGE_MASK) ? Tlb.addend(entry) : 0;
    }

    // ---- filling and flushing

    void fillRead(boolean system, long linear, long hostPage, boolean global) {
        if (cpu.probe.watchesPageOf(linear)) return;
        readTlbs[level(system)].fill(linear & PAGE_MASK, hostPage - (linear & PAGE_MASK), global);
    }

    void fillWrite(boolean system, long linear, long hostPage, boolean global) {
        if (cpu.probe.watchesPageOf(linear)) return;
        writeTlbs[level(system)].fill(linear & PAGE_MASK, hostPage - (linear & PAGE_MASK), global);
    }

    void fillFetch(long linear, long physicalPage, boolean global) {
        fetchTlb.fill(linear & PAGE_MASK, physicalPage - (linear & PAGE_MASK), global);
    }

    /** From now on {@link #invalidatePage} of any address in the page forgets all of it, in whatever pieces it is cached. */
    public void rememberLargePage(long linear, int pageShift) {
        largePages.add(linear, pageShift);
    }

    /**
     * Walks the paging structures for an access at the present privilege, past the TLB, and marks them accessed and dirty.
     *
     * @param errorCode of the page fault that the access raised on another processor: its W and I/D bits say what it was
     * @return physical address of the 4 KiB page, or {@link #FAULTED} when these structures do not allow the access
     */
    public long walk(long linear, int errorCode) {
        boolean fetch = (errorCode & PageWalker.FETCH) != 0;
        return slow.probe(linear, fetch ? PageWalker.FETCH : errorCode & PageWalker.WRITE);
    }

    /** What an access raises that the last {@link #walk} was for, and that the structures do not allow. */
    public GuestException walkFault() {
        return slow.fault();
    }

    /**
     * Makes another processor's TLB follow this one's: what is forgotten here is forgotten there. For a virtual processor
     * and the physical one that runs its guest.
     */
    public void leadTlbOf(LinearMemory physical) {
        follower = physical;
    }

    private int level(boolean system) {
        return system ? SUPERVISOR : privilege;
    }

    /** Makes page walks take time from now on, or no longer, as the processor's costs say. */
    public void followCosts() {
        modelTlb = cpu.costs.chargesWalks() ? new ModelTlb(cpu.costs.tlbEntries()) : null;
        flushAll();
    }

    boolean chargesWalks() {
        return modelTlb != null;
    }

    /** A data access to the page of {@code linear} needed a walk: charges it, unless a TLB would have had the page. */
    void charge(long linear, PageWalker walk) {
        ModelTlb tlb = modelTlb;
        if (tlb == null || walk.references == 0 || tlb.contains(linear)) return;
        evict(tlb.insert(linear, walk.global, walk.pageShift));
        boolean nested = cpu.nonRoot != null && cpu.nonRoot.translatesGuestPhysical();
        cpu.charge(walk.references * (nested ? cpu.costs.nestedWalkReference() : cpu.costs.walkReference()));
    }

    /** Keeps the software TLBs a part of the model's. */
    private void evict(long page) {
        if (page == ModelTlb.NONE) return;
        for (int n = 0; n < PRIVILEGES; n++) {
            readTlbs[n].invalidate(page);
            writeTlbs[n].invalidate(page);
        }
    }

    // ---- what the simulator does for reasons of its own: the guest's time is the same without

    /** Forgets every translation: called when pages get other frames. */
    public void flushAll() {
        if (follower != null) follower.flushAll();
        cpu.attention = true;
        for (int n = 0; n < PRIVILEGES; n++) {
            readTlbs[n].flush();
            writeTlbs[n].flush();
            fetchTlbs[n].flush();
        }
        largePages.clear();
    }

    /** Forgets the translations used for stores: called when pages become write-protected. */
    public void flushWrites() {
        if (follower != null) follower.flushWrites();
        for (Tlb tlb : writeTlbs) tlb.flush();
    }

    /**
     * Has loads that went to the host page at {@code from} go to the one at {@code to}, of the same contents. Every translation
     * stays: the guest would see in its accessed flags that some had to be walked for again. There are none for stores.
     */
    public void moveFrame(long from, long to) {
        for (Tlb tlb : readTlbs) tlb.move(from, to);
    }

    /**
     * Has fetches from the physical page at {@code from} go to the one at {@code to}, of the same contents, because extended page tables
     * lead there now from the guest-physical page. Loads follow by {@link #moveFrame}.
     */
    public void movePhysicalPage(long guestPhysical, long from, long to) {
        slow.forgetExtended(guestPhysical);
        for (Tlb tlb : fetchTlbs) tlb.move(from, to);
        cpu.attention = true;
    }

    // ---- what the architecture does

    /** As a change of the paging mode does: forgets every translation, global ones too. */
    public void invalidateAll() {
        if (follower != null) follower.invalidateAll();
        flushAll();
        if (modelTlb != null) modelTlb.clear();
    }

    /** As INVEPT does: forgets what was derived from extended page tables. */
    public void invalidateExtended() {
        slow.invalidateExtended();
        invalidateAll();
    }

    /** As a CR3 write does: forgets all translations but those of global pages. */
    public void invalidateNonGlobal() {
        if (follower != null) follower.invalidateNonGlobal();
        cpu.attention = true;
        for (int n = 0; n < PRIVILEGES; n++) {
            readTlbs[n].flushNonGlobal();
            writeTlbs[n].flushNonGlobal();
            fetchTlbs[n].flushNonGlobal();
        }
        ModelTlb tlb = modelTlb;
        if (tlb == null) return;
        for (int slot = 0; slot < tlb.slots(); slot++) evict(tlb.dropNonGlobal(slot));
    }

    /** As INVLPG does. */
    public void invalidatePage(long linear) {
        if (follower != null) follower.invalidatePage(linear);
        cpu.attention = true;
        if (modelTlb != null) invalidateModel(modelTlb, linear);
        if (largePages.mayContain(linear)) {
            flushAll();
            return;
        }
        for (int n = 0; n < PRIVILEGES; n++) {
            readTlbs[n].invalidate(linear);
            writeTlbs[n].invalidate(linear);
            fetchTlbs[n].invalidate(linear);
        }
    }

    private void invalidateModel(ModelTlb tlb, long linear) {
        evict(tlb.dropPage(linear));
        if (!tlb.holdsLargePages()) return;
        for (int slot = 0; slot < tlb.slots(); slot++) evict(tlb.dropPiece(slot, linear));
    }

    /** Whether {@code linear} is canonical: bits 63:47 all equal (SDM Vol 1 §3.3.7.1). */
    public static boolean canonical(long linear) {
        return linear << 16 >> 16 == linear;
    }
}
