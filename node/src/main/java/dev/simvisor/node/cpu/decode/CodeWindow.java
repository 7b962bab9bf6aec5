package dev.simvisor.node.cpu.decode;

/**
 * The bytes that a decoder may read, from the first byte of one instruction on. Reading past the end does not fail at
 * once: the reader looks at {@link #exhausted} when it suits.
 */
final class CodeWindow {
    /** Longer instructions raise #GP (SDM Vol 2A §2.3.11). */
    static final int MAXIMUM_LENGTH = 15;

    private byte[] bytes = new byte[0];
    private int from;
    private int available;
    private int position;

    void open(byte[] bytes, int from, int available) {
        this.bytes = bytes;
        this.from = from;
        this.available = Math.min(available, MAXIMUM_LENGTH);
        this.position = 0;
    }

    /** Bytes read so far, also those that were not there. */
    int position() {
        return position;
    }

    /** More was read than there is. */
    boolean exhausted() {
        return position > available;
    }

    /** More was read than an instruction may have, all of which was there. */
    boolean tooLong() {
        return position > MAXIMUM_LENGTH && available == MAXIMUM_LENGTH;
    }

    /** The next byte, zero-extended; zero past the end. */
    int next() {
        int at = position++;
        return at < available ? bytes[from + at] & 0xFF : 0;
    }

    /** The next {@code size} bytes, 1 to 8, little-endian and zero-extended. */
    long unsigned(int size) {
        long value = 0;
        for (int i = 0; i < size; i++) value |= (long) next() << 8 * i;
        return value;
    }

    long signed(int size) {
        int shift = 64 - 8 * size;
        return unsigned(size) << shift >> shift;
    }
}
