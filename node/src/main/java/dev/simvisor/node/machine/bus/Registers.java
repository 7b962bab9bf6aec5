package dev.simvisor.node.machine.bus;

/** A device's registers as a bus reaches them: by offset, at a port or in memory. */
public interface Registers {
    /**
     * Reads {@code size} bytes (1, 2, 4 or 8) at {@code offset}; the access lies within the device's range. Bits above the
     * size are ignored.
     */
    long read(long offset, int size);

    /** Writes the low {@code size} bytes of {@code value} at {@code offset}; the access lies within the device's range. */
    void write(long offset, int size, long value);
}
