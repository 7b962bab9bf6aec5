package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.SegmentRegister.LDTR;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/** Descriptors in memory: the entries of the GDT and the LDT (SDM Vol 3A §3.5.1). */
final class DescriptorTable {
    private static final int ENTRY_OFFSET = 0xFFF8;
    private static final int RIGHTS_BYTE = 5;
    private static final int RIGHTS_SHIFT = 40;
    /** Type and S bits of the upper half of a 16-byte descriptor, which must be zero (SDM Vol 3A figure 7-4). */
    private static final long UPPER_TYPE = 0x1FL << 40;

    private DescriptorTable() {}

    /** Whether the {@code size} bytes of the selector's entry lie within its table. */
    static boolean contains(Cpu cpu, int selector, int size) {
        long last = (selector & ENTRY_OFFSET) + size - 1;
        if (!Selector.isLocal(selector)) return last <= cpu.gdtrLimit;
        boolean usable = (cpu.segmentRights[LDTR] & AccessRights.UNUSABLE) == 0;
        return usable && last <= cpu.segmentLimit[LDTR];
    }

    /** Linear address of the selector's entry. */
    static long address(Cpu cpu, int selector) {
        long base = Selector.isLocal(selector) ? cpu.segmentBase[LDTR] : cpu.gdtrBase;
        return LinearAddress.wrap(cpu, base + (selector & ENTRY_OFFSET));
    }

    /** The entry's first 8 bytes; raises {@code vector} with the selector when it lies beyond the table's limit. */
    static long read(Cpu cpu, int selector, int vector) {
        if (!contains(cpu, selector, 8)) throw fault(cpu, vector, selector);
        return cpu.memory.readSystem64(address(cpu, selector));
    }

    /** The second 8 bytes of a long-mode system descriptor; raises {@code vector} when they are out of bounds or malformed. */
    static long readUpper(Cpu cpu, int selector, int vector) {
        if (!contains(cpu, selector, 16)) throw fault(cpu, vector, selector);
        long upper = cpu.memory.readSystem64(LinearAddress.wrap(cpu, address(cpu, selector) + 8));
        if ((upper & UPPER_TYPE) != 0) throw fault(cpu, vector, selector);
        return upper;
    }

    static boolean upperIsWellFormed(Cpu cpu, int selector) {
        if (!contains(cpu, selector, 16)) return false;
        return (cpu.memory.readSystem64(LinearAddress.wrap(cpu, address(cpu, selector) + 8)) & UPPER_TYPE) == 0;
    }

    /** Base address of a system segment: 64 bits wide in long mode, where it must be canonical. */
    static long systemBase(Cpu cpu, int selector, long descriptor, int vector) {
        long base = SegmentDescriptor.base(descriptor);
        if (!cpu.longMode) return base;
        base |= readUpper(cpu, selector, vector) << 32;
        if (!LinearMemory.canonical(base)) throw fault(cpu, vector, selector);
        return base;
    }

    /** As the other, for a descriptor of which only the rights are at hand. */
    static int markAccessed(Cpu cpu, int selector, int rights) {
        return SegmentDescriptor.rights(markAccessed(cpu, selector, (long) rights << RIGHTS_SHIFT));
    }

    /** Sets the accessed bit of a code or data descriptor if it is clear, and returns the descriptor with it set. */
    static long markAccessed(Cpu cpu, int selector, long descriptor) {
        if (SegmentDescriptor.isAccessed(descriptor)) return descriptor;
        long marked = descriptor | (long) AccessRights.ACCESSED << RIGHTS_SHIFT;
        writeRights(cpu, selector, marked);
        return marked;
    }

    /** Sets or clears the busy bit of a TSS descriptor. */
    static void markBusy(Cpu cpu, int selector, boolean busy) {
        long descriptor = cpu.memory.readSystem64(address(cpu, selector));
        long bit = (long) SegmentDescriptor.BUSY << RIGHTS_SHIFT;
        writeRights(cpu, selector, busy ? descriptor | bit : descriptor & ~bit);
    }

    private static void writeRights(Cpu cpu, int selector, long descriptor) {
        long address = LinearAddress.wrap(cpu, address(cpu, selector) + RIGHTS_BYTE);
        cpu.memory.writeSystem8(address, (int) (descriptor >>> RIGHTS_SHIFT) & 0xFF);
    }

    static GuestException fault(Cpu cpu, int vector, int selector) {
        return cpu.raise(vector, selector & Selector.ERROR_CODE);
    }
}
