package dev.simvisor.node.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Loads and stores at addresses of the process that runs the simulator, little-endian and unaligned as x86 memory is.
 *
 * <p>Guest frames live outside the Java heap. A TLB hit yields the address of a byte in such a frame, and the access that
 * follows has to cost a single machine instruction: one segment that spans everything lets HotSpot drop the bounds check,
 * which a segment per frame would not. The price is that an address is trusted. Only addresses handed out by
 * {@link SystemBus#directRead} and {@link SystemBus#directWrite}, within the 4 KiB page they name, may be passed here.
 */
public final class HostMemory {
    private static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private HostMemory() {}

    public static byte getByte(long address) {
        return EVERYTHING.get(ValueLayout.JAVA_BYTE, address);
    }

    public static short getShort(long address) {
        return EVERYTHING.get(SHORT, address);
    }

    public static int getInt(long address) {
        return EVERYTHING.get(INT, address);
    }

    public static long getLong(long address) {
        return EVERYTHING.get(LONG, address);
    }

    public static void putByte(long address, byte value) {
        EVERYTHING.set(ValueLayout.JAVA_BYTE, address, value);
    }

    public static void putShort(long address, short value) {
        EVERYTHING.set(SHORT, address, value);
    }

    public static void putInt(long address, int value) {
        EVERYTHING.set(INT, address, value);
    }

    public static void putLong(long address, long value) {
        EVERYTHING.set(LONG, address, value);
    }

    /** Copies {@code length} bytes; the ranges may overlap, as with {@code memmove}. */
    public static void copy(long source, long target, long length) {
        MemorySegment.copy(EVERYTHING, source, EVERYTHING, target, length);
    }

    public static void fill(long address, long length, byte value) {
        EVERYTHING.asSlice(address, length).fill(value);
    }

    /** The {@code length} bytes at {@code address} as a segment, for bulk copies to and from arrays and channels. */
    public static MemorySegment segment(long address, long length) {
        return EVERYTHING.asSlice(address, length);
    }
}
