package dev.simvisor.node.machine.boot;

import dev.simvisor.node.machine.memory.GuestMemory;

/**
 * The words that firmware of PCs leaves from 400h on (IBM Personal Computer AT Technical Reference, "ROM BIOS Data Areas"),
 * those of them that tell of this board. Guests take from here where memory below 1 MiB ends, whatever other tables say.
 */
public final class BiosDataArea {
    private static final long FIRST_SERIAL_PORT = 0x400;
    private static final long EXTENDED_AREA_SEGMENT = 0x40E;
    private static final long BASE_MEMORY_KIBIBYTES = 0x413;

    private BiosDataArea() {}

    /**
     * Writes it.
     *
     * @param serialPort the first port of COM1
     */
    public static void write(GuestMemory memory, int serialPort) {
        memory.write(FIRST_SERIAL_PORT, Short.BYTES, serialPort);
        memory.write(EXTENDED_AREA_SEGMENT, Short.BYTES, MemoryMap.EXTENDED_BIOS_DATA >> 4);
        memory.write(BASE_MEMORY_KIBIBYTES, Short.BYTES, MemoryMap.EXTENDED_BIOS_DATA >> 10);
        // The extended area begins with its own size in KiB.
        memory.write(MemoryMap.EXTENDED_BIOS_DATA, 1, GuestMemory.DISPLAY_START - MemoryMap.EXTENDED_BIOS_DATA >> 10);
    }
}
