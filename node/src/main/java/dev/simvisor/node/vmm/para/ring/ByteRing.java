package dev.simvisor.node.vmm.para.ring;

/**
 * One direction of a ring of bytes: {@code size} bytes and two free-running indices in a shared page, as xenstore's and
 * the console's (Xen, {@code io/xs_wire.h} and {@code io/console.h}).
 *
 * @param data offset of the bytes in the page
 * @param size a power of two
 * @param consumed offset of the index that the reader moves
 * @param produced offset of the index that the writer moves
 */
public record ByteRing(SharedPage page, int data, int size, int consumed, int produced) {
    /** Takes up to {@code length} bytes off the ring and returns how many. */
    public int take(byte[] target, int at, int length) throws MalformedRingException {
        int from = page.readInt(consumed);
        int count = Math.min(length, used(from, page.readInt(produced)));
        int first = Math.min(count, size - (from & (size - 1)));
        page.read(data + (from & (size - 1)), target, at, first);
        page.read(data, target, at + first, count - first);
        page.writeInt(consumed, from + count);
        return count;
    }

    /** Puts up to {@code length} bytes on the ring and returns how many it had room for. */
    public int put(byte[] source, int at, int length) throws MalformedRingException {
        int to = page.readInt(produced);
        int count = Math.min(length, size - used(page.readInt(consumed), to));
        int first = Math.min(count, size - (to & (size - 1)));
        page.write(data + (to & (size - 1)), source, at, first);
        page.write(data, source, at + first, count - first);
        page.writeInt(produced, to + count);
        return count;
    }

    private int used(int from, int to) throws MalformedRingException {
        int used = to - from;
        if (Integer.compareUnsigned(used, size) > 0) {
            throw new MalformedRingException(
                    "ring indices %08x and %08x are more than %d bytes apart".formatted(from, to, size));
        }
        return used;
    }
}
