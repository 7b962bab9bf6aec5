package dev.simvisor.node.machine.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A file to boot from.
 *
 * @param name what messages call it, the file's name as the user gave it
 */
public record Image(String name, byte[] bytes) {
    /** The bytes as a little-endian buffer. */
    public ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    public int length() {
        return bytes.length;
    }

    public InvalidImageException invalid(String message) {
        return new InvalidImageException(name + ": " + message);
    }
}
