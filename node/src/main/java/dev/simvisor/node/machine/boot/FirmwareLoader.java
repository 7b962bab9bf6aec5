package dev.simvisor.node.machine.boot;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.machine.memory.GuestMemory;

/**
 * Puts a firmware image in its socket: it ends at 4 GiB, and as much of its end as chipsets show there, also at 1 MiB. The
 * processor is left in its reset state, whose first instruction is 16 bytes below the end (SDM Vol 3A §10.1.4).
 */
public final class FirmwareLoader {
    /** Larger images would reach down to the interrupt controllers. */
    public static final int MOST_BYTES = 16 << 20;

    /** Size of the window to the image's end below 1 MiB. */
    private static final int LOW_WINDOW = 128 << 10;

    private static final int LOW_END = 1 << 20;

    private FirmwareLoader() {}

    /**
     * The image's length in bytes, if it can be one of a ROM.
     *
     * @throws InvalidImageException when it cannot
     */
    public static int checkedLength(Image image) throws InvalidImageException {
        int length = image.length();
        if (length == 0 || length % FRAME_SIZE != 0 || length > MOST_BYTES) {
            throw image.invalid(
                    length + " bytes: expected a firmware image, a multiple of 4 KiB from 4 KiB up to 16 MiB");
        }
        return length;
    }

    /** Loads an image into memory that was made for one of its length. */
    public static void load(GuestMemory memory, Image image) throws InvalidImageException {
        int length = checkedLength(image);
        if (memory.firmwareStart() != GuestMemory.HIGH_START - length) {
            throw image.invalid(length + " bytes: the machine was made for a firmware image of "
                    + (GuestMemory.HIGH_START - memory.firmwareStart()) + " bytes");
        }
        memory.install(memory.firmwareStart(), image.bytes(), 0, length);
        int window = Math.min(length, LOW_WINDOW);
        memory.install(LOW_END - window, image.bytes(), length - window, window);
    }
}
