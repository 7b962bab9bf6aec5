package dev.simvisor.node.machine.bus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An address space of devices: the I/O ports, or the memory-mapped registers. */
public final class Bus {
    private record Range(String device, long start, long length, Registers registers) {
        boolean contains(long address) {
            return address >= start && address - start < length;
        }

        boolean overlaps(long otherStart, long otherLength) {
            return start < otherStart + otherLength && otherStart < start + length;
        }
    }

    private final String name;
    private final List<Range> ranges = new ArrayList<>();

    /**
     * @param name what messages call this bus
     */
    public Bus(String name) {
        this.name = name;
    }

    /**
     * Puts a device's registers at {@code start}.
     *
     * @throws IllegalArgumentException when another device stands there
     */
    public void attach(String device, long start, long length, Registers registers) {
        for (Range range : ranges) {
            if (range.overlaps(start, length)) {
                throw new IllegalArgumentException("%s: %s at 0x%x..0x%x overlaps %s"
                        .formatted(name, device, start, start + length - 1, range.device));
            }
        }
        ranges.add(new Range(device, start, length, registers));
        ranges.sort(Comparator.comparingLong(Range::start));
    }

    /** Whether a device of {@code length} bytes can be put at {@code start}. */
    public boolean isFree(long start, long length) {
        return ranges.stream().noneMatch(range -> range.overlaps(start, length));
    }

    /** Takes away what stands at {@code start}. */
    public void detach(long start) {
        ranges.removeIf(range -> range.start == start);
    }

    /** Reads {@code size} bytes, zero-extended; what no device claims is all ones. */
    public long read(long address, int size) {
        Range range = find(address);
        if (range != null && address - range.start + size <= range.length) {
            return range.registers.read(address - range.start, size) & ones(size);
        }
        return size == 1 ? 0xFF : readBytes(address, size);
    }

    /** Writes {@code size} bytes; what no device claims is ignored. */
    public void write(long address, int size, long value) {
        Range range = find(address);
        if (range != null && address - range.start + size <= range.length) {
            range.registers.write(address - range.start, size, value & ones(size));
        } else if (size > 1) {
            for (int i = 0; i < size; i++) {
                write(address + i, 1, value >>> (i * Byte.SIZE) & 0xFF);
            }
        }
    }

    /** An access that leaves a device's range is made of bytes, each to whoever claims it. */
    private long readBytes(long address, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= read(address + i, 1) << (i * Byte.SIZE);
        }
        return value;
    }

    private @Nullable Range find(long address) {
        int low = 0;
        int high = ranges.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Range range = ranges.get(middle);
            if (range.contains(address)) {
                return range;
            }
            if (address < range.start) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return null;
    }

    private static long ones(int size) {
        return size == Long.BYTES ? -1L : (1L << (size * Byte.SIZE)) - 1;
    }
}
