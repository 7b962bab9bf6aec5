package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.Cpu.RSP;
import static dev.simvisor.node.cpu.GuestException.STACK_FAULT;
import static dev.simvisor.node.cpu.SegmentRegister.SS;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/**
 * The stack that a far transfer pushes on or pops from, apart from SS:rSP until {@link #commit}: a transfer that faults
 * half-way must leave the registers alone. One per processor, set up anew by each transfer.
 */
public final class TransferStack {
    private int selector;
    private long base;
    private long limit;
    private int rights;
    /** Error code of an #SS that this stack raises. */
    private int faultCode;
    /** Width of the pointer: 16, 32 or 64. */
    private int width;

    private long pointer;
    /** Whether SS changes with the commit. */
    private boolean replacesSegment;
    /** Accesses are made at privilege 0 to 2 although the processor still is at 3. */
    private boolean inner;

    /** The stack in use. */
    void useCurrent(Cpu cpu) {
        useSegment(cpu.selector[SS], cpu.segmentBase[SS], cpu.segmentLimit[SS], cpu.segmentRights[SS]);
        width = cpu.stackSize;
        pointer = cpu.gpr[RSP] & mask();
        faultCode = 0;
        replacesSegment = false;
        inner = false;
    }

    /** A stack segment from a checked descriptor, for a more privileged level. */
    void useInner(int newSelector, long descriptor, long newPointer) {
        useDescriptor(newSelector, descriptor, newPointer);
        inner = true;
    }

    /** A stack segment from a checked descriptor. */
    void useDescriptor(int newSelector, long descriptor, long newPointer) {
        useSegment(
                newSelector,
                SegmentDescriptor.base(descriptor),
                SegmentDescriptor.limit(descriptor),
                SegmentDescriptor.rights(descriptor));
        width = SegmentDescriptor.isBig(descriptor) ? 32 : 16;
        pointer = newPointer & mask();
        faultCode = newSelector & Selector.ERROR_CODE;
        replacesSegment = true;
        inner = false;
    }

    /** A 64-bit stack, with SS null and of the given privilege. */
    void useFlat(int privilege, int newSelector, long newPointer) {
        useSegment(newSelector, 0, 0, AccessRights.UNUSABLE | privilege << AccessRights.DPL_SHIFT);
        width = 64;
        pointer = newPointer;
        faultCode = 0;
        replacesSegment = true;
        inner = true;
    }

    /** The segment is to be used by 64-bit code, where RSP counts in full and has a value of its own. */
    void widen(long newPointer) {
        width = 64;
        pointer = newPointer;
    }

    private void useSegment(int newSelector, long newBase, long newLimit, int newRights) {
        selector = newSelector;
        base = newBase;
        limit = newLimit;
        rights = newRights;
    }

    /** Sets the accessed bit of a segment that came from a descriptor; to be done once no check can fail any more. */
    void markAccessed(Cpu cpu) {
        if (!replacesSegment || Selector.isNull(selector)) return;
        rights = DescriptorTable.markAccessed(cpu, selector, rights);
    }

    private long mask() {
        return width == 64 ? -1L : (1L << width) - 1;
    }

    long pointer() {
        return pointer;
    }

    /** Width of the stack pointer in bits. */
    int width() {
        return width;
    }

    /** Moves the pointer up, past {@code bytes} that are not wanted. */
    void skip(long bytes) {
        pointer = pointer + bytes & mask();
    }

    /** Pushes {@code size} (16, 32 or 64) bits. */
    void push(Cpu cpu, int size, long value) {
        long top = pointer - size / 8 & mask();
        long linear = linear(cpu, top, size / 8);
        LinearMemory memory = cpu.memory;
        switch (size) {
            case 16 -> {
                if (inner) memory.writeSystem16(linear, (int) value);
                else memory.write16(linear, (int) value);
            }
            case 32 -> {
                if (inner) memory.writeSystem32(linear, (int) value);
                else memory.write32(linear, (int) value);
            }
            default -> {
                if (inner) memory.writeSystem64(linear, value);
                else memory.write64(linear, value);
            }
        }
        pointer = top;
    }

    /** Pops {@code size} (16, 32 or 64) bits, zero-extended. */
    long pop(Cpu cpu, int size) {
        long value = peek(cpu, size, 0);
        skip(size / 8);
        return value;
    }

    /** What lies {@code offset} bytes above the top. */
    long peek(Cpu cpu, int size, long offset) {
        long linear = linear(cpu, pointer + offset & mask(), size / 8);
        return switch (size) {
            case 16 -> cpu.memory.read16(linear);
            case 32 -> cpu.memory.read32(linear) & 0xFFFF_FFFFL;
            default -> cpu.memory.read64(linear);
        };
    }

    private long linear(Cpu cpu, long offset, int bytes) {
        if (width == 64) {
            if (!LinearMemory.canonical(offset)) throw fault(cpu);
            return offset;
        }
        long last = offset + bytes - 1;
        boolean expandsDown = (rights & AccessRights.EXPAND_DOWN) != 0;
        boolean outside = expandsDown ? offset <= limit || last > mask() : last > limit;
        if (outside || (rights & AccessRights.WRITABLE) == 0) throw fault(cpu);
        return base + offset & 0xFFFF_FFFFL;
    }

    private GuestException fault(Cpu cpu) {
        return cpu.raise(STACK_FAULT, faultCode);
    }

    /** Makes this the processor's stack. The caller updates the mode. */
    void commit(Cpu cpu) {
        if (replacesSegment) {
            cpu.selector[SS] = selector;
            cpu.segmentBase[SS] = base;
            cpu.segmentLimit[SS] = limit;
            cpu.segmentRights[SS] = rights;
        }
        cpu.gpr[RSP] = width == 16 ? cpu.gpr[RSP] & ~0xFFFFL | pointer : pointer;
    }
}
