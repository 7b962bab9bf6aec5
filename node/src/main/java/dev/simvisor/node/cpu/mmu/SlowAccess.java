package dev.simvisor.node.cpu.mmu;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.nonroot.ControlStructure;

/**
 * Every memory access that misses the TLB's fast path: canonical and alignment checks, translation, page crossings, devices,
 * watched pages, data breakpoints and a debugger's watches. It fills the TLB where the next access may be direct.
 */
final class SlowAccess {
    private final Cpu cpu;
    private final LinearMemory memory;
    private final PageWalker walker;
    private boolean alignmentChecked;
    private boolean dataBreakpoints;

    SlowAccess(Cpu cpu, LinearMemory memory) {
        this.cpu = cpu;
        this.memory = memory;
        this.walker = new PageWalker(cpu);
    }

    void configure(boolean alignmentChecked) {
        this.alignmentChecked = alignmentChecked;
        this.dataBreakpoints = DataBreakpoints.enabled(cpu);
    }

    boolean dataBreakpoints() {
        return dataBreakpoints;
    }

    long read(long linear, int size) {
        checkAddress(linear, size);
        if (dataBreakpoints) DataBreakpoints.check(cpu, linear, size, false);
        return read(linear, size, false);
    }

    long readSystem(long linear, int size) {
        checkCanonical(linear, size);
        return read(linear, size, true);
    }

    private long read(long linear, int size, boolean system) {
        if (!crosses(linear, size)) return readWithin(linear, size, system);
        // Both pages are translated before either is read: a device read has effects.
        translate(linear, PageWalker.READ, system);
        translate(lastPage(linear, size), PageWalker.READ, system);
        long value = 0;
        for (int n = 0; n < size; n++) value |= readWithin(wrap(linear + n), 1, system) << 8 * n;
        return value;
    }

    private long readWithin(long linear, int size, boolean system) {
        long physical = translate(linear, PageWalker.READ, system);
        if (cpu.probe.stopsAfter(linear, size, false)) cpu.endBlock();
        long host = cpu.bus.directRead(physical & Tlb.PAGE_MASK);
        if (host == 0) {
            cpu.endBlock();
            return cpu.bus.read(physical, size);
        }
        memory.fillRead(system, linear, host, walker.global);
        return load(host + (linear & 0xFFF), size);
    }

    void write(long linear, int size, long value) {
        checkAddress(linear, size);
        if (dataBreakpoints) DataBreakpoints.check(cpu, linear, size, true);
        write(linear, size, value, false);
    }

    void writeSystem(long linear, int size, long value) {
        checkCanonical(linear, size);
        write(linear, size, value, true);
    }

    private void write(long linear, int size, long value, boolean system) {
        if (!crosses(linear, size)) {
            writeWithin(linear, size, value, system);
            return;
        }
        translate(linear, PageWalker.WRITE, system);
        translate(lastPage(linear, size), PageWalker.WRITE, system);
        for (int n = 0; n < size; n++) writeWithin(wrap(linear + n), 1, value >>> 8 * n, system);
    }

    private void writeWithin(long linear, int size, long value, boolean system) {
        long physical = translate(linear, PageWalker.WRITE, system);
        if (cpu.probe.stopsAfter(linear, size, true)) cpu.endBlock();
        long host = cpu.bus.directWrite(physical & Tlb.PAGE_MASK);
        if (host == 0) {
            cpu.endBlock();
            cpu.bus.write(physical, size, value);
            return;
        }
        memory.fillWrite(system, linear, host, walker.global);
        store(host + (linear & 0xFFF), size, value);
    }

    void checkWrite(long linear, int size) {
        checkAddress(linear, size);
        translateForWrite(linear, size, false);
    }

    void checkWriteSystem(long linear, int size) {
        checkCanonical(linear, size);
        translateForWrite(linear, size, true);
    }

    private void translateForWrite(long linear, int size, boolean system) {
        long physical = translate(linear, PageWalker.WRITE, system);
        if (crosses(linear, size)) {
            translate(lastPage(linear, size), PageWalker.WRITE, system);
            return;
        }
        long host = cpu.bus.directWrite(physical & Tlb.PAGE_MASK);
        if (host != 0) memory.fillWrite(system, linear, host, walker.global);
    }

    // ---- plain memory only: the same translations, but nothing that more than loads or stores

    long readPlain(long linear, int size) {
        checkPlain(linear, size);
        if (crosses(linear, size)) {
            plainCrossing(linear, size, PageWalker.READ);
            return read(linear, size, false);
        }
        long physical = translate(linear, PageWalker.READ, false);
        long host = cpu.bus.directRead(physical & Tlb.PAGE_MASK);
        if (host == 0) throw NotPlainMemoryException.INSTANCE;
        memory.fillRead(false, linear, host, walker.global);
        return load(host + (linear & 0xFFF), size);
    }

    void writePlain(long linear, int size, long value) {
        checkPlain(linear, size);
        if (crosses(linear, size)) {
            plainCrossing(linear, size, PageWalker.WRITE);
            write(linear, size, value, false);
            return;
        }
        long physical = translate(linear, PageWalker.WRITE, false);
        long host = cpu.bus.directWrite(physical & Tlb.PAGE_MASK);
        if (host == 0) throw NotPlainMemoryException.INSTANCE;
        memory.fillWrite(false, linear, host, walker.global);
        store(host + (linear & 0xFFF), size, value);
    }

    void checkWritePlain(long linear, int size) {
        checkPlain(linear, size);
        if (crosses(linear, size)) {
            plainCrossing(linear, size, PageWalker.WRITE);
            return;
        }
        long physical = translate(linear, PageWalker.WRITE, false);
        long host = cpu.bus.directWrite(physical & Tlb.PAGE_MASK);
        if (host == 0) throw NotPlainMemoryException.INSTANCE;
        memory.fillWrite(false, linear, host, walker.global);
    }

    /** Refuses what raises another exception than a page fault, what traps, and what takes time. */
    private void checkPlain(long linear, int size) {
        long last = linear + size - 1;
        boolean inside =
                cpu.longMode ? LinearMemory.canonical(linear) && LinearMemory.canonical(last) : last <= 0xFFFF_FFFFL;
        boolean observed = dataBreakpoints || cpu.probe.watchesPageOf(linear) || cpu.probe.watchesPageOf(last);
        boolean waits = memory.chargesWalks() || !cpu.bus.isComplete();
        if (!inside || alignmentChecked || observed || waits) throw NotPlainMemoryException.INSTANCE;
    }

    private void plainCrossing(long linear, int size, int access) {
        plainPage(linear, access);
        plainPage(lastPage(linear, size), access);
    }

    private void plainPage(long linear, int access) {
        long page = translate(linear, access, false) & Tlb.PAGE_MASK;
        long host = access == PageWalker.WRITE ? cpu.bus.directWrite(page) : cpu.bus.directRead(page);
        if (host == 0) throw NotPlainMemoryException.INSTANCE;
    }

    long fetchPage(long linear) {
        if (cpu.codeSize == 64 && !LinearMemory.canonical(linear)) throw cpu.generalProtection(0);
        long physical = translate(linear, PageWalker.FETCH, false);
        memory.fillFetch(linear, physical & Tlb.PAGE_MASK, walker.global);
        return physical & Tlb.PAGE_MASK;
    }

    /** Loads 8 bytes at a physical address that no linear address leads to; it is guest-physical under nested paging. */
    long readPhysical64(long physical) {
        ControlStructure controls = cpu.nonRoot;
        if (controls == null || !controls.translatesGuestPhysical()) return cpu.bus.read(physical, 8);
        return cpu.bus.read(walker.extended.untranslated(controls, physical, ExtendedPageWalker.READ), 8);
    }

    void invalidateExtended() {
        walker.extended.flush();
    }

    void forgetExtended(long guestPhysical) {
        walker.extended.forget(guestPhysical);
    }

    /** The physical page, or {@link PageWalker#FAULTED}. */
    long probe(long linear, int access) {
        return walker.probe(linear, access, false);
    }

    GuestException fault() {
        return walker.fault();
    }

    private long translate(long linear, int access, boolean system) {
        long page = walker.walk(linear, access, system);
        if (walker.pageShift > 12) memory.rememberLargePage(linear, walker.pageShift);
        if (access != PageWalker.FETCH) memory.charge(linear, walker);
        return page | linear & 0xFFF;
    }

    private void checkAddress(long linear, int size) {
        checkCanonical(linear, size);
        if (alignmentChecked && misaligned(linear, size)) throw cpu.raise(GuestException.ALIGNMENT_CHECK, 0);
    }

    private static boolean misaligned(long linear, int size) {
        return size <= 16 && (linear & size - 1) != 0;
    }

    private void checkCanonical(long linear, int size) {
        if (!cpu.longMode) return;
        if (!LinearMemory.canonical(linear) || !LinearMemory.canonical(linear + size - 1)) throw cpu.nonCanonical();
    }

    private static boolean crosses(long linear, int size) {
        return (linear & 0xFFF) + size > 4096;
    }

    private long lastPage(long linear, int size) {
        return wrap(linear + size - 1) & Tlb.PAGE_MASK;
    }

    /** Outside long mode linear addresses are 32 bits wide. */
    private long wrap(long linear) {
        return cpu.longMode ? linear : linear & 0xFFFF_FFFFL;
    }

    static long load(long address, int size) {
        return switch (size) {
            case 1 -> HostMemory.getByte(address) & 0xFFL;
            case 2 -> HostMemory.getShort(address) & 0xFFFFL;
            case 4 -> HostMemory.getInt(address) & 0xFFFF_FFFFL;
            default -> HostMemory.getLong(address);
        };
    }

    private static void store(long address, int size, long value) {
        switch (size) {
            case 1 -> HostMemory.putByte(address, (byte) value);
            case 2 -> HostMemory.putShort(address, (short) value);
            case 4 -> HostMemory.putInt(address, (int) value);
            default -> HostMemory.putLong(address, value);
        }
    }
}
