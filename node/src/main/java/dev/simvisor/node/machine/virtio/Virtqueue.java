package dev.simvisor.node.machine.virtio;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.proto.state.VirtqueueState;
import org.jspecify.annotations.Nullable;

/** A split virtqueue, seen from the device (§2.7). Indirect descriptors and event indices are not offered. */
final class Virtqueue {
    static final int MAX_SIZE = 256;

    // Descriptor: address, length, flags, next (§2.7.5)
    private static final int DESCRIPTOR_SIZE = 16;
    private static final int LENGTH = 8;
    private static final int FLAGS = 12;
    private static final int NEXT = 14;
    private static final int FLAG_NEXT = 1;
    private static final int FLAG_WRITE = 2;
    private static final int FLAG_INDIRECT = 4;

    // Rings: flags, index, entries (§2.7.6, §2.7.8)
    private static final int INDEX = 2;
    private static final int ENTRIES = 4;
    private static final int AVAILABLE_ENTRY = 2;
    private static final int USED_ENTRY = 8;
    private static final int FLAG_NO_INTERRUPT = 1;

    private static final int INDEX_MASK = 0xFFFF;

    /** No driver sends requests near this size; it bounds the work that a hostile one can ask for at once. */
    private static final long LARGEST_CHAIN = 16L << 20;

    private final GuestMemory memory;
    private int size = MAX_SIZE;
    private boolean enabled;
    private long descriptors;
    private long available;
    private long used;
    private int nextAvailable;
    private int nextUsed;

    Virtqueue(GuestMemory memory) {
        this.memory = memory;
    }

    // ---- set-up by the transport ----

    int size() {
        return size;
    }

    /** A size that is no power of two up to {@link #MAX_SIZE} is ignored. */
    void size(int size) {
        if (Integer.bitCount(size) == 1 && size <= MAX_SIZE) {
            this.size = size;
        }
    }

    boolean enabled() {
        return enabled;
    }

    void enable() {
        enabled = true;
    }

    long descriptors() {
        return descriptors;
    }

    void descriptors(long address) {
        descriptors = address;
    }

    long available() {
        return available;
    }

    void available(long address) {
        available = address;
    }

    long used() {
        return used;
    }

    void used(long address) {
        used = address;
    }

    void reset() {
        size = MAX_SIZE;
        enabled = false;
        descriptors = 0;
        available = 0;
        used = 0;
        nextAvailable = 0;
        nextUsed = 0;
    }

    // ---- use by the device ----

    /** What a device does with a request, which is handed back when it returns. */
    @FunctionalInterface
    interface Service {
        void serve(DescriptorChain chain) throws MalformedRingException;
    }

    /**
     * Serves what waits, but no more requests than the ring holds: where the device's own data goes into the ring, there might be
     * requests without end. What is left waits for the next notification.
     */
    void serve(Service service) throws MalformedRingException {
        for (int served = 0; served < size; served++) {
            DescriptorChain chain = take();
            if (chain == null) {
                return;
            }
            service.serve(chain);
            complete(chain);
        }
    }

    /** The next request, or null when there is none. */
    @Nullable
    DescriptorChain take() throws MalformedRingException {
        int waiting = (load(available + INDEX, 2) - nextAvailable) & INDEX_MASK;
        if (waiting == 0) {
            return null;
        }
        if (waiting > size) {
            throw new MalformedRingException("the driver offers " + waiting + " requests in a ring of " + size);
        }
        int slot = nextAvailable & (size - 1);
        DescriptorChain chain = walk(load(available + ENTRIES + (long) slot * AVAILABLE_ENTRY, 2));
        nextAvailable = (nextAvailable + 1) & INDEX_MASK;
        return chain;
    }

    private DescriptorChain walk(int head) throws MalformedRingException {
        DescriptorChain chain = new DescriptorChain(memory, head);
        int index = head;
        for (int count = 0; count < size; count++) {
            if (index >= size) {
                throw new MalformedRingException("descriptor " + index + " in a table of " + size);
            }
            long descriptor = descriptors + (long) index * DESCRIPTOR_SIZE;
            int flags = load(descriptor + FLAGS, 2);
            addBuffer(chain, descriptor, flags);
            if ((flags & FLAG_NEXT) == 0) {
                return chain;
            }
            index = load(descriptor + NEXT, 2);
        }
        throw new MalformedRingException("a chain of descriptors runs in a circle");
    }

    private void addBuffer(DescriptorChain chain, long descriptor, int flags) throws MalformedRingException {
        long address = loadLong(descriptor);
        long length = load(descriptor + LENGTH, 4) & 0xFFFF_FFFFL;
        boolean writable = (flags & FLAG_WRITE) != 0;
        if ((flags & FLAG_INDIRECT) != 0) {
            throw new MalformedRingException("an indirect descriptor, which was not negotiated");
        }
        if (!writable && chain.hasWritable()) {
            throw new MalformedRingException("a buffer to read after one to write");
        }
        if (chain.readableBytes() + chain.writableBytes() + length > LARGEST_CHAIN) {
            throw new MalformedRingException("a request of more than " + LARGEST_CHAIN + " bytes");
        }
        if (length == 0) {
            return;
        }
        if (!memory.contains(address, length)) {
            throw new MalformedRingException("a buffer outside memory");
        }
        if (writable) {
            chain.addWritable(address, (int) length);
        } else {
            chain.addReadable(address, (int) length);
        }
    }

    /** Hands a request back to the driver. */
    void complete(DescriptorChain chain) throws MalformedRingException {
        long entry = used + ENTRIES + (long) (nextUsed & (size - 1)) * USED_ENTRY;
        store(entry, 4, chain.head());
        store(entry + 4, 4, chain.written());
        nextUsed = (nextUsed + 1) & INDEX_MASK;
        store(used + INDEX, 2, nextUsed);
    }

    /** How many requests were handed back, modulo 2^16. */
    int usedIndex() {
        return nextUsed;
    }

    /** Whether the driver wants to be interrupted for requests handed back. */
    boolean wantsInterrupt() throws MalformedRingException {
        return (load(available, 2) & FLAG_NO_INTERRUPT) == 0;
    }

    private int load(long address, int bytes) throws MalformedRingException {
        check(address, bytes);
        return (int) memory.read(address, bytes);
    }

    private long loadLong(long address) throws MalformedRingException {
        check(address, Long.BYTES);
        return memory.read(address, Long.BYTES);
    }

    private void store(long address, int bytes, int value) throws MalformedRingException {
        check(address, bytes);
        memory.write(address, bytes, value);
    }

    private void check(long address, int bytes) throws MalformedRingException {
        if ((address & (bytes - 1)) != 0 || !memory.contains(address, bytes)) {
            throw new MalformedRingException("a ring at 0x%x: misaligned or outside memory".formatted(address));
        }
    }

    // ---- state ----

    VirtqueueState save() {
        return VirtqueueState.newBuilder()
                .setSize(size)
                .setEnabled(enabled)
                .setDescriptors(descriptors)
                .setAvailable(available)
                .setUsed(used)
                .setNextAvailable(nextAvailable)
                .setNextUsed(nextUsed)
                .build();
    }

    void restore(VirtqueueState state) {
        size(state.getSize());
        enabled = state.getEnabled();
        descriptors = state.getDescriptors();
        available = state.getAvailable();
        used = state.getUsed();
        nextAvailable = state.getNextAvailable();
        nextUsed = state.getNextUsed();
    }
}
