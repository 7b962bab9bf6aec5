package dev.simvisor.node.machine.virtio;

import dev.simvisor.node.machine.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The buffers of one request: first those that the device reads, then those that it writes (§2.7.4). All lie in memory.
 * Both parts are consumed from their start on.
 */
final class DescriptorChain {
    private record Buffer(long address, int length) {}

    /** One of the two parts and how much of it is used up. */
    private static final class Part {
        private final List<Buffer> buffers = new ArrayList<>();
        private long remaining;
        private int index;
        private int offset;

        void add(Buffer buffer) {
            buffers.add(buffer);
            remaining += buffer.length();
        }
    }

    private final GuestMemory memory;
    private final int head;
    private final Part readable = new Part();
    private final Part writable = new Part();
    private int written;

    DescriptorChain(GuestMemory memory, int head) {
        this.memory = memory;
        this.head = head;
    }

    void addReadable(long address, int length) {
        readable.add(new Buffer(address, length));
    }

    void addWritable(long address, int length) {
        writable.add(new Buffer(address, length));
    }

    boolean hasWritable() {
        return !writable.buffers.isEmpty();
    }

    /** Index of the first descriptor, which names the chain in the used ring. */
    int head() {
        return head;
    }

    /** Bytes that the device may still read. */
    long readableBytes() {
        return readable.remaining;
    }

    /** Bytes that the device may still write. */
    long writableBytes() {
        return writable.remaining;
    }

    /** Bytes that the device has written. */
    int written() {
        return written;
    }

    /** Reads up to {@code length} bytes; returns how many there were. */
    int read(byte[] target, int offset, int length) {
        return transfer(readable, length, (address, done, part) -> memory.read(address, target, offset + done, part));
    }

    /** Writes up to {@code length} bytes; returns how many there was room for. */
    int write(byte[] source, int offset, int length) {
        int count =
                transfer(writable, length, (address, done, part) -> memory.write(address, source, offset + done, part));
        written += count;
        return count;
    }

    private interface Copy {
        boolean copy(long address, int done, int length);
    }

    private static int transfer(Part part, int length, Copy copy) {
        int done = 0;
        while (done < length && part.index < part.buffers.size()) {
            Buffer buffer = part.buffers.get(part.index);
            int count = Math.min(length - done, buffer.length() - part.offset);
            copy.copy(buffer.address() + part.offset, done, count);
            done += count;
            part.offset += count;
            if (part.offset == buffer.length()) {
                part.index++;
                part.offset = 0;
            }
        }
        part.remaining -= done;
        return done;
    }
}
