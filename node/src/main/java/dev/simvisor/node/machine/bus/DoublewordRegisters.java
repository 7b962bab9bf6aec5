package dev.simvisor.node.machine.bus;

/**
 * Registers of a device that knows 32-bit accesses only, as the APICs. Narrower reads get their part of the register,
 * 64-bit accesses are two, and narrower writes, which the manuals leave undefined, are ignored.
 */
public interface DoublewordRegisters extends Registers {
    /** The register at {@code offset}, a multiple of 4. */
    int read(int offset);

    void write(int offset, int value);

    @Override
    default long read(long offset, int size) {
        int aligned = (int) offset & ~3;
        long low = read(aligned) & 0xFFFF_FFFFL;
        return switch (size) {
            case Long.BYTES -> low | (long) read(aligned + Integer.BYTES) << Integer.SIZE;
            default -> low >>> ((offset & 3) * Byte.SIZE);
        };
    }

    @Override
    default void write(long offset, int size, long value) {
        if (size >= Integer.BYTES && (offset & 3) == 0) {
            write((int) offset, (int) value);
        }
        if (size == Long.BYTES && (offset & 3) == 0) {
            write((int) offset + Integer.BYTES, (int) (value >>> Integer.SIZE));
        }
    }
}
