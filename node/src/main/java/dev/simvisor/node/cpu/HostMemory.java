package dev.simvisor.node.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.nio.ByteOrder;
import sun.misc.Unsafe;

/**
 * Loads and stores at addresses of the process that runs the simulator, little-endian and unaligned as x86 memory is.
 *
 * <p>Guest frames live outside the Java heap. A TLB hit yields the address of a byte in such a frame, and the access that
 * follows has to cost a single machine instruction. A memory segment, even one that spans everything, costs a compare and a
 * branch more with each access, and each of its bounds checks is a point at which HotSpot keeps all state of a translated
 * region: that is why this one class uses {@link Unsafe}. The price is that an address is trusted. Only addresses handed out
 * by {@link SystemBus#directRead} and {@link SystemBus#directWrite}, within the 4 KiB page they name, may be passed here.
 */
@SuppressWarnings("removal")
public final class HostMemory {
    private static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final Unsafe UNSAFE = unsafe();

    private HostMemory() {}

    private static Unsafe unsafe() {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new IllegalStateException("guest memory needs a little-endian host");
        }
        try {
            Field only = Unsafe.class.getDeclaredField("theUnsafe");
            only.setAccessible(true);
            return (Unsafe) only.get(null);
        } catch (ReflectiveOperationException absent) {
            throw new IllegalStateException("this JDK does not offer sun.misc.Unsafe", absent);
        }
    }

    public static byte getByte(long address) {
        return UNSAFE.getByte(address);
    }

    public static short getShort(long address) {
        return UNSAFE.getShort(address);
    }

    public static int getInt(long address) {
        return UNSAFE.getInt(address);
    }

    public static long getLong(long address) {
        return UNSAFE.getLong(address);
    }

    public static void putByte(long address, byte value) {
        UNSAFE.putByte(address, value);
    }

    public static void putShort(long address, short value) {
        UNSAFE.putShort(address, value);
    }

    public static void putInt(long address, int value) {
        UNSAFE.putInt(address, value);
    }

    public static void putLong(long address, long value) {
        UNSAFE.putLong(address, value);
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
