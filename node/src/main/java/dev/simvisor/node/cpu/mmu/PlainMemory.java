package dev.simvisor.node.cpu.mmu;

import dev.simvisor.node.cpu.HostMemory;

/**
 * Memory as translated code accesses it: a TLB probe and one access in line, with the TLB's entries in a local of the caller.
 *
 * <p>What misses raises {@link TlbMissException} if the caller does not walk. That is how code is best compiled: HotSpot makes a
 * jump of it to the caller's handler, whereas a call that comes back would have it keep the guest's registers on the stack
 * around every access. It suits code that seldom misses. For a caller that walks, what misses is translated and done here if
 * it is plain memory: the same walks and fills, in the same order, as in {@link LinearMemory}. What is anything else (devices,
 * watched pages, breakpoints, alignment checks) raises {@link NotPlainMemoryException} before it has had an effect. Page
 * faults are raised as always.
 */
public final class PlainMemory {
    private PlainMemory() {}

    // ---- loads

    public static int read8(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb, linear);
        if (Tlb.page(entry) == (linear & Tlb.PAGE_MASK)) return HostMemory.getByte(linear + Tlb.addend(entry)) & 0xFF;
        if (!walks) throw TlbMissException.INSTANCE;
        return (int) memory.readPlain(linear, 1);
    }

    public static int read16(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb, linear);
        if (Tlb.page(entry) == (linear + 1 & Tlb.PAGE_MASK))
            return HostMemory.getShort(linear + Tlb.addend(entry)) & 0xFFFF;
        if (!walks) throw TlbMissException.INSTANCE;
        return (int) memory.readPlain(linear, 2);
    }

    public static int read32(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb, linear);
        if (Tlb.page(entry) == (linear + 3 & Tlb.PAGE_MASK)) return HostMemory.getInt(linear + Tlb.addend(entry));
        if (!walks) throw TlbMissException.INSTANCE;
        return (int) memory.readPlain(linear, 4);
    }

    public static long read64(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb, linear);
        if (Tlb.page(entry) == (linear + 7 & Tlb.PAGE_MASK)) return HostMemory.getLong(linear + Tlb.addend(entry));
        if (!walks) throw TlbMissException.INSTANCE;
        return memory.readPlain(linear, 8);
    }

    // ---- stores

    public static void write8(LinearMemory memory, long tlb, long linear, int value, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear & Tlb.PAGE_MASK)) HostMemory.putByte(linear + Tlb.addend(entry), (byte) value);
        else if (walks) memory.writePlain(linear, 1, value);
        else throw TlbMissException.INSTANCE;
    }

    public static void write16(LinearMemory memory, long tlb, long linear, int value, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear + 1 & Tlb.PAGE_MASK))
            HostMemory.putShort(linear + Tlb.addend(entry), (short) value);
        else if (walks) memory.writePlain(linear, 2, value);
        else throw TlbMissException.INSTANCE;
    }

    public static void write32(LinearMemory memory, long tlb, long linear, int value, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear + 3 & Tlb.PAGE_MASK)) HostMemory.putInt(linear + Tlb.addend(entry), value);
        else if (walks) memory.writePlain(linear, 4, value);
        else throw TlbMissException.INSTANCE;
    }

    public static void write64(LinearMemory memory, long tlb, long linear, long value, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear + 7 & Tlb.PAGE_MASK)) HostMemory.putLong(linear + Tlb.addend(entry), value);
        else if (walks) memory.writePlain(linear, 8, value);
        else throw TlbMissException.INSTANCE;
    }

    /** Stores both halves of 16 bytes, or neither. */
    public static void write128(LinearMemory memory, long tlb, long linear, long low, long high, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear + 15 & Tlb.PAGE_MASK)) {
            long address = linear + Tlb.addend(entry);
            HostMemory.putLong(address, low);
            HostMemory.putLong(address + 8, high);
            return;
        }
        if (!walks) throw TlbMissException.INSTANCE;
        memory.checkWritePlain(linear, 16);
        write64(memory, tlb, linear, low, true);
        write64(memory, tlb, linear + 8, high, true);
    }

    // ---- loads of operands that will be stored to; {@code tlb} is that of stores, and the store cannot fail any more

    public static int readForUpdate8(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear & Tlb.PAGE_MASK)) return HostMemory.getByte(linear + Tlb.addend(entry)) & 0xFF;
        if (!walks) throw TlbMissException.INSTANCE;
        return (int) memory.readForUpdatePlain(linear, 1);
    }

    public static int readForUpdate16(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear + 1 & Tlb.PAGE_MASK))
            return HostMemory.getShort(linear + Tlb.addend(entry)) & 0xFFFF;
        if (!walks) throw TlbMissException.INSTANCE;
        return (int) memory.readForUpdatePlain(linear, 2);
    }

    public static int readForUpdate32(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear + 3 & Tlb.PAGE_MASK)) return HostMemory.getInt(linear + Tlb.addend(entry));
        if (!walks) throw TlbMissException.INSTANCE;
        return (int) memory.readForUpdatePlain(linear, 4);
    }

    public static long readForUpdate64(LinearMemory memory, long tlb, long linear, boolean walks) {
        long entry = Tlb.entry(tlb + Tlb.SIZE, linear);
        if (Tlb.page(entry) == (linear + 7 & Tlb.PAGE_MASK)) return HostMemory.getLong(linear + Tlb.addend(entry));
        if (!walks) throw TlbMissException.INSTANCE;
        return memory.readForUpdatePlain(linear, 8);
    }
}
