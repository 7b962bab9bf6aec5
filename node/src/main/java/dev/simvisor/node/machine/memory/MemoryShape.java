package dev.simvisor.node.machine.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_OFFSET_MASK;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

/**
 * Where a VM has physical memory: from 0 up to {@link GuestMemory#LOW_LIMIT}, the rest from 4 GiB on, with a gap below 1 MiB where
 * a display adapter would be; or, in a machine without a board, in one piece from 0. A firmware image ends at 4 GiB.
 *
 * @param bytes size without the firmware image
 * @param firmwareBytes size of the firmware image, 0 for none
 * @param lowFrames frames in the piece from 0
 * @param displayEnd first gfn that is memory again after the gap for a display adapter; the gap's start if there is none
 */
record MemoryShape(long bytes, int firmwareBytes, int lowFrames, int displayEnd) {
    private static final int DISPLAY_START_FRAME = (int) (GuestMemory.DISPLAY_START >> FRAME_SHIFT);
    private static final int DISPLAY_END_FRAME = (int) (GuestMemory.DISPLAY_END >> FRAME_SHIFT);

    MemoryShape {
        if (bytes < (1 << 20) || (bytes & FRAME_OFFSET_MASK) != 0) {
            throw new IllegalArgumentException(
                    "memory of " + bytes + " bytes: expected a multiple of 4 KiB from 1 MiB up");
        }
    }

    static MemoryShape ofBoard(long bytes, int firmwareBytes) {
        int lowFrames = (int) (Math.min(bytes, GuestMemory.LOW_LIMIT) >> FRAME_SHIFT);
        return new MemoryShape(bytes, firmwareBytes, lowFrames, DISPLAY_END_FRAME);
    }

    static MemoryShape inOnePiece(long bytes) {
        return new MemoryShape(bytes, 0, (int) (bytes >> FRAME_SHIFT), DISPLAY_START_FRAME);
    }

    /** Frames that hold all of it. */
    long frames() {
        return bytes + firmwareBytes >> FRAME_SHIFT;
    }

    /** End of the piece from 0, as an address. */
    long lowEnd() {
        return (long) lowFrames << FRAME_SHIFT;
    }

    /** Where the firmware image begins, as an address; {@link GuestMemory#HIGH_START} when there is none. */
    long firmwareStart() {
        return GuestMemory.HIGH_START - firmwareBytes;
    }

    /** All gfns are below this one. */
    int endFrame() {
        boolean endsLow = bytes <= lowEnd() && firmwareBytes == 0;
        return endsLow ? lowFrames : (int) ((GuestMemory.HIGH_START + bytes - lowEnd()) >> FRAME_SHIFT);
    }

    /** Whether a gfn is a page of memory. */
    boolean isMemory(long gfn) {
        if (gfn < 0 || gfn >= endFrame()) {
            return false;
        }
        return gfn < lowFrames ? gfn < DISPLAY_START_FRAME || gfn >= displayEnd : gfn >= firmwareStart() >> FRAME_SHIFT;
    }
}
