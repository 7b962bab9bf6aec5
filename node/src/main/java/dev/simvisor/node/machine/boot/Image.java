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
    ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    int length() {
        return bytes.length;
    }

    InvalidImageException invalid(String message) {
        return new InvalidImageException(name + ": " + message);
    }
}
