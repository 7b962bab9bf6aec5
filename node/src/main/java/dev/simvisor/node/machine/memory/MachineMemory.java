package dev.simvisor.node.machine.memory;

import dev.simvisor.node.cpu.HostMemory;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * The memory of one physical host: frames of 4 KiB outside the Java heap, named by their machine frame number (mfn).
 *
 * <p>Frames are taken from the operating system in chunks, when first needed, and are reference-counted so that several
 * VMs may share one. Frame {@link #ZERO_FRAME} is all zeros, belongs to everybody and is never written. A VM
 * {@linkplain #reserve reserves} the frames it may come to need before it starts, so that touching a page cannot fail.
 *
 * <p>VMs of one host run on threads of their own, so allocation is synchronized; which mfn a VM gets is therefore not
 * deterministic, and nothing that a guest or a {@code stateHash} sees may depend on it.
 */
public final class MachineMemory implements AutoCloseable {
    public static final int FRAME_SHIFT = 12;
    public static final int FRAME_SIZE = 1 << FRAME_SHIFT;
    public static final long FRAME_OFFSET_MASK = FRAME_SIZE - 1;

    /** The mfn of the frame of zeros that stands for every page nobody has written yet. */
    public static final int ZERO_FRAME = 0;

    private static final int CHUNK_SHIFT = 8;
    private static final int FRAMES_PER_CHUNK = 1 << CHUNK_SHIFT;

    private final Arena arena = Arena.ofShared();
    private final long limitFrames;
    /** Replaced when a chunk is added, so that addresses can be asked for without a lock. */
    private volatile long[] chunkAddresses = new long[0];

    private int[] references = new int[FRAMES_PER_CHUNK];
    private int[] free = new int[FRAMES_PER_CHUNK];
    private int freeCount;
    private int nextUnused = ZERO_FRAME + 1;
    private long reservedFrames;
    private long savedFrames;

    /**
     * @param limitFrames how many frames VMs may reserve, the host's size
     */
    public MachineMemory(long limitFrames) {
        if (limitFrames <= 0 || limitFrames >= Integer.MAX_VALUE) {
            throw new IllegalArgumentException("machine memory of " + limitFrames + " frames: expected 1 to 2^31 - 2");
        }
        this.limitFrames = limitFrames;
        addChunk();
        references[ZERO_FRAME] = 1;
    }

    public static MachineMemory ofBytes(long bytes) {
        return new MachineMemory(bytes >> FRAME_SHIFT);
    }

    public long limitFrames() {
        return limitFrames;
    }

    public synchronized long reservedFrames() {
        return reservedFrames;
    }

    /** Frames that hold data at present. */
    public synchronized long allocatedFrames() {
        return nextUnused - 1L - freeCount;
    }

    /** Frames that would hold data besides if none were shared. */
    public synchronized long savedFrames() {
        return savedFrames;
    }

    /** Sets {@code frames} aside for a VM; false when the host has no room for them. */
    public synchronized boolean reserve(long frames) {
        if (frames > limitFrames - reservedFrames) {
            return false;
        }
        reservedFrames += frames;
        return true;
    }

    public synchronized void unreserve(long frames) {
        assert frames <= reservedFrames : "more frames given back than reserved";
        reservedFrames -= frames;
    }

    /** A frame of zeros with one reference. The caller must hold a reservation for it. */
    public synchronized int allocate() {
        int mfn;
        if (freeCount > 0) {
            mfn = free[--freeCount];
            HostMemory.fill(address(mfn), FRAME_SIZE, (byte) 0);
        } else {
            mfn = nextUnused++;
            if (mfn >> CHUNK_SHIFT == chunkAddresses.length) {
                addChunk();
            }
        }
        references[mfn] = 1;
        return mfn;
    }

    /** Adds a reference for one more user of a shared frame. */
    public synchronized void retain(int mfn) {
        assert references[mfn] > 0 : "frame is free";
        references[mfn]++;
        savedFrames++;
    }

    /** Drops a reference; the last one frees the frame. */
    public synchronized void release(int mfn) {
        assert references[mfn] > 0 : "frame is free";
        if (--references[mfn] > 0) {
            savedFrames--;
            return;
        }
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, free.length * 2);
        }
        free[freeCount++] = mfn;
    }

    public synchronized int references(int mfn) {
        return references[mfn];
    }

    /** Host address of a frame, valid until {@link #close}. */
    public long addressOf(int mfn) {
        return address(mfn);
    }

    private long address(int mfn) {
        return chunkAddresses[mfn >> CHUNK_SHIFT] + ((long) (mfn & (FRAMES_PER_CHUNK - 1)) << FRAME_SHIFT);
    }

    private void addChunk() {
        // A segment from an arena is filled with zeros, so frames never used before need no clearing.
        int chunks = chunkAddresses.length;
        long[] addresses = Arrays.copyOf(chunkAddresses, chunks + 1);
        addresses[chunks] = arena.allocate((long) FRAMES_PER_CHUNK << FRAME_SHIFT, FRAME_SIZE)
                .address();
        chunkAddresses = addresses;
        references = Arrays.copyOf(references, addresses.length * FRAMES_PER_CHUNK);
    }

    /** Gives all frames back to the operating system; every VM of this host must have been closed before. */
    @Override
    public synchronized void close() {
        arena.close();
    }
}
