package dev.simvisor.node.machine.pci;

import com.google.protobuf.ByteString;
import java.util.Arrays;

/** The 256 bytes of configuration space of a PCI function and which of their bits software may write. */
public final class ConfigurationSpace {
    public static final int SIZE = 256;

    // Header type 0, PCI Local Bus Specification 3.0, figure 6-1
    public static final int VENDOR_ID = 0x00;
    public static final int DEVICE_ID = 0x02;
    public static final int COMMAND = 0x04;
    public static final int STATUS = 0x06;
    public static final int REVISION_ID = 0x08;
    public static final int CLASS_CODE = 0x09;
    public static final int HEADER_TYPE = 0x0E;
    public static final int BASE_ADDRESS = 0x10;
    public static final int SUBSYSTEM_VENDOR_ID = 0x2C;
    public static final int SUBSYSTEM_ID = 0x2E;
    public static final int CAPABILITIES_POINTER = 0x34;
    public static final int INTERRUPT_LINE = 0x3C;
    public static final int INTERRUPT_PIN = 0x3D;

    /** Of the header type. */
    public static final int SEVERAL_FUNCTIONS = 0x80;

    public static final int COMMAND_MEMORY = 0x0002;
    public static final int COMMAND_BUS_MASTER = 0x0004;
    public static final int COMMAND_INTERRUPT_DISABLE = 0x0400;
    public static final int STATUS_INTERRUPT = 0x0008;
    public static final int STATUS_CAPABILITIES = 0x0010;

    private final byte[] bytes = new byte[SIZE];
    private final byte[] writable = new byte[SIZE];

    /** Reads {@code size} bytes, 1 to 4, little-endian. */
    public int get(int offset, int size) {
        int value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << Byte.SIZE | (bytes[offset + i] & 0xFF);
        }
        return value;
    }

    /** Sets {@code size} bytes regardless of what software may write. */
    public void set(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            bytes[offset + i] = (byte) (value >> (i * Byte.SIZE));
        }
    }

    /** Lets software write the bits set in {@code mask}. */
    public void allowWrites(int offset, int size, int mask) {
        for (int i = 0; i < size; i++) {
            writable[offset + i] = (byte) (mask >> (i * Byte.SIZE));
        }
    }

    /** Writes as software does: only the bits that may be written change. */
    public void write(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            int mask = writable[offset + i];
            int written = value >> (i * Byte.SIZE);
            bytes[offset + i] = (byte) ((bytes[offset + i] & ~mask) | (written & mask));
        }
    }

    public ByteString save() {
        return ByteString.copyFrom(bytes);
    }

    public void restore(ByteString saved) {
        Arrays.fill(bytes, (byte) 0);
        saved.copyTo(bytes, 0);
    }
}
