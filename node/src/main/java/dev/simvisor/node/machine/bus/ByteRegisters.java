package dev.simvisor.node.machine.bus;

/** Registers of an 8-bit device. Wider accesses reach it as single bytes in ascending order, as on the ISA bus. */
public interface ByteRegisters extends Registers {
    /** The byte at {@code offset}. */
    int read(int offset);

    /** Writes a byte, 0 to 255. */
    void write(int offset, int value);

    @Override
    default long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (read((int) offset + i) & 0xFFL) << (i * Byte.SIZE);
        }
        return value;
    }

    @Override
    default void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            write((int) offset + i, (int) (value >>> (i * Byte.SIZE)) & 0xFF);
        }
    }
}
