package dev.simvisor.node.machine.acpi;

import static dev.simvisor.node.machine.acpi.Aml.join;
import static dev.simvisor.node.machine.acpi.Aml.littleEndian;

/** Builds {@code ResourceTemplate ()} buffers, the values of _CRS (ACPI 6.5 §6.4). */
final class ResourceTemplate {
    private static final byte[] END_TAG = {0x79, 0}; // a checksum of 0 is always right

    private static final int MEMORY_RANGE = 0;
    private static final int IO_RANGE = 1;
    private static final int BUS_NUMBER_RANGE = 2;

    /** Minimum and maximum are fixed, the range is produced, decoded positively. */
    private static final int PRODUCED_FIXED = 0x0C;

    private static final int ALL_PORTS = 0x03; // ISA and non-ISA ranges
    private static final int READ_WRITE = 0x01; // not cacheable

    private byte[] descriptors = {};

    /** Ports that a device answers at. */
    ResourceTemplate ports(int start, int length) {
        return add(join(
                new byte[] {0x47, 1}, littleEndian(start, 2), littleEndian(start, 2), new byte[] {1, (byte) length}));
    }

    /** An edge-triggered ISA interrupt, 0 to 15. */
    ResourceTemplate interrupt(int number) {
        return add(join(new byte[] {0x22}, littleEndian(1L << number, 2)));
    }

    /** Bus numbers that a bridge passes on. */
    ResourceTemplate busNumbers(int first, int last) {
        return add(wordRange(BUS_NUMBER_RANGE, 0, first, last));
    }

    /** Ports that a bridge passes on. */
    ResourceTemplate portWindow(int first, int last) {
        return add(wordRange(IO_RANGE, ALL_PORTS, first, last));
    }

    /** Memory below 4 GiB that a bridge passes on. */
    ResourceTemplate memoryWindow(long first, long last) {
        return add(join(
                new byte[] {(byte) 0x87},
                littleEndian(0x17, 2),
                new byte[] {MEMORY_RANGE, PRODUCED_FIXED, READ_WRITE},
                littleEndian(0, 4),
                littleEndian(first, 4),
                littleEndian(last, 4),
                littleEndian(0, 4),
                littleEndian(last - first + 1, 4)));
    }

    private static byte[] wordRange(int type, int typeFlags, int first, int last) {
        return join(
                new byte[] {(byte) 0x88},
                littleEndian(0x0D, 2),
                new byte[] {(byte) type, PRODUCED_FIXED, (byte) typeFlags},
                littleEndian(0, 2),
                littleEndian(first, 2),
                littleEndian(last, 2),
                littleEndian(0, 2),
                littleEndian(last - first + 1L, 2));
    }

    private ResourceTemplate add(byte[] descriptor) {
        descriptors = join(descriptors, descriptor);
        return this;
    }

    byte[] encode() {
        return Aml.buffer(join(descriptors, END_TAG));
    }
}
