package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.HostMemory;

/**
 * Finds the element in memory that ends a repeated comparison, eight bytes at a time. The elements in a long are its lanes, the
 * first the lowest; where elements are equal, the lane of their exclusive or is zero.
 */
final class ElementSearch {
    /** Every lane of 8, 16, 32 or 64 bits is 1. */
    private static final long[] ONES = {0x0101_0101_0101_0101L, 0x0001_0001_0001_0001L, 0x0000_0001_0000_0001L, 1};

    private ElementSearch() {}

    /**
     * How many elements, of {@code count}, precede the first that equals a value, or the first that does not.
     *
     * @param size of an element, in bits
     * @param equal which of the two
     */
    static long scan(long address, long value, long count, int size, boolean equal) {
        long ones = ones(size);
        long element = value << 64 - size >>> 64 - size;
        long bytes = count * (size / 8);
        long at = 0;
        for (; at + 8 <= bytes; at += 8) {
            long ends = ends(HostMemory.getLong(address + at) ^ element * ones, ones, size, equal);
            if (ends != 0) return (8 * at + Long.numberOfTrailingZeros(ends)) / size;
        }
        for (; at < bytes; at += size / 8) {
            if (get(address + at, size) == element == equal) return 8 * at / size;
        }
        return count;
    }

    /** As {@link #scan}, of elements with those at another address. */
    static long compare(long address, long other, long count, int size, boolean equal) {
        long ones = ones(size);
        long bytes = count * (size / 8);
        long at = 0;
        for (; at + 8 <= bytes; at += 8) {
            long ends = ends(HostMemory.getLong(address + at) ^ HostMemory.getLong(other + at), ones, size, equal);
            if (ends != 0) return (8 * at + Long.numberOfTrailingZeros(ends)) / size;
        }
        for (; at < bytes; at += size / 8) {
            if (get(address + at, size) == get(other + at, size) == equal) return 8 * at / size;
        }
        return count;
    }

    private static long ones(int size) {
        return ONES[Integer.numberOfTrailingZeros(size) - 3];
    }

    /** A long whose lowest bit that is set lies in the first lane that ends the search; 0 if none does. */
    private static long ends(long difference, long ones, int size, boolean equal) {
        // Above the first zero lane a borrow may mark others (Warren, Hacker's Delight, §6-1).
        return equal ? difference - ones & ~difference & ones << size - 1 : difference;
    }

    private static long get(long address, int size) {
        return switch (size) {
            case 8 -> HostMemory.getByte(address) & 0xFF;
            case 16 -> HostMemory.getShort(address) & 0xFFFF;
            case 32 -> HostMemory.getInt(address) & 0xFFFF_FFFFL;
            default -> HostMemory.getLong(address);
        };
    }
}
