package dev.simvisor.node.machine;

import dev.simvisor.node.machine.acpi.TableLoader;
import dev.simvisor.node.machine.boot.MemoryMap.Kind;
import dev.simvisor.node.machine.device.firmware.FirmwareConfiguration;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a board tells its firmware of itself, in the words of the firmware configuration device. */
final class FirmwareDescription {
    /** Where firmware shows its messages in place of a display, and takes keys from. */
    private static final String SERIAL_CONSOLE = "etc/sercon-port";

    /** The memory map, as INT 15h, AX=E820h has it. */
    private static final String MEMORY_MAP = "etc/e820";

    private static final int MEMORY_MAP_ENTRY = 20;

    private FirmwareDescription() {}

    /**
     * @param processors how many there are
     * @param serialPort the first port of COM1
     * @param acpi the tables for what firmware starts
     */
    static FirmwareConfiguration of(GuestMemory memory, int processors, int serialPort, TableLoader acpi) {
        Map<Integer, byte[]> items = Map.of(
                FirmwareConfiguration.PROCESSORS, littleEndian(processors),
                FirmwareConfiguration.MOST_PROCESSORS, littleEndian(processors),
                FirmwareConfiguration.TIMER_OVERRIDE, new byte[] {1});
        SortedMap<String, byte[]> files = new TreeMap<>(acpi.files());
        files.put(SERIAL_CONSOLE, littleEndian(serialPort));
        files.put(MEMORY_MAP, memoryMap(memory));
        return new FirmwareConfiguration(items, files);
    }

    private static byte[] littleEndian(int value) {
        return ByteBuffer.allocate(Short.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) value)
                .array();
    }

    /** All memory, below and above 4 GiB; what of it is kept for itself firmware knows best. */
    private static byte[] memoryMap(GuestMemory memory) {
        long highBytes = memory.highEnd() - GuestMemory.HIGH_START;
        ByteBuffer map = ByteBuffer.allocate(highBytes > 0 ? 2 * MEMORY_MAP_ENTRY : MEMORY_MAP_ENTRY)
                .order(ByteOrder.LITTLE_ENDIAN);
        map.putLong(0).putLong(memory.lowEnd()).putInt(Kind.USABLE.value());
        if (highBytes > 0) {
            map.putLong(GuestMemory.HIGH_START).putLong(highBytes).putInt(Kind.USABLE.value());
        }
        return map.array();
    }
}
