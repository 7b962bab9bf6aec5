package dev.simvisor.node.machine.device.firmware;

import dev.simvisor.node.machine.bus.Registers;
import dev.simvisor.proto.state.FirmwareConfigurationState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The firmware configuration device that QEMU defines and firmware for virtual machines looks for (QEMU, docs/specs/fw_cfg.rst),
 * with its traditional interface of two ports and without DMA: firmware selects an item by its key, and reads its bytes one by
 * one. Items are named by keys that are fixed, or are files, whose names and keys the directory lists.
 */
public final class FirmwareConfiguration implements Registers {
    /** How many ports it takes: the selector, and the data in its upper half. */
    public static final int PORTS = 2;

    // Keys, §"Selector (Control) Register" and include/standard-headers/linux/qemu_fw_cfg.h
    public static final int PROCESSORS = 0x05;
    public static final int MOST_PROCESSORS = 0x0F;
    /** Whether the timer's request reaches the I/O APIC at pin 2. */
    public static final int TIMER_OVERRIDE = 0x8002;

    private static final int SIGNATURE = 0x00;
    private static final int INTERFACES = 0x01;
    private static final int DIRECTORY = 0x19;
    private static final int FIRST_FILE = 0x20;

    private static final int TRADITIONAL_INTERFACE = 1;
    private static final int NAME_LENGTH = 56;
    private static final int ENTRY_LENGTH = 64;
    private static final int SELECTOR = 0;
    private static final int DATA = 1;
    private static final byte[] ABSENT = {};

    private final SortedMap<Integer, byte[]> items;
    private int selected;
    private int position;

    /**
     * @param items by their keys, beside those that the device has by itself
     * @param files by their names of at most 55 ASCII characters
     */
    public FirmwareConfiguration(Map<Integer, byte[]> items, SortedMap<String, byte[]> files) {
        this.items = new TreeMap<>(items);
        this.items.put(SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        this.items.put(INTERFACES, new byte[] {TRADITIONAL_INTERFACE, 0, 0, 0});
        // The directory alone is big-endian.
        ByteBuffer directory = ByteBuffer.allocate(Integer.BYTES + files.size() * ENTRY_LENGTH);
        directory.putInt(files.size());
        int key = FIRST_FILE;
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            byte[] name = file.getKey().getBytes(StandardCharsets.US_ASCII);
            if (name.length >= NAME_LENGTH) {
                throw new IllegalArgumentException(file.getKey() + ": expected at most 55 characters");
            }
            int entry = directory.position();
            directory.putInt(file.getValue().length).putShort((short) key).putShort((short) 0);
            directory.put(name).position(entry + ENTRY_LENGTH);
            this.items.put(key++, file.getValue());
        }
        this.items.put(DIRECTORY, directory.array());
    }

    /** Reads the next byte of the selected item; zeros follow it. */
    @Override
    public long read(long offset, int size) {
        if (offset != DATA || size != 1) {
            return -1; // the selector cannot be read
        }
        byte[] item = items.getOrDefault(selected, ABSENT);
        return position < item.length ? item[position++] & 0xFF : 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == SELECTOR && size == Short.BYTES) {
            selected = (int) value;
            position = 0;
        }
    }

    public FirmwareConfigurationState save() {
        return FirmwareConfigurationState.newBuilder()
                .setSelected(selected)
                .setPosition(position)
                .build();
    }

    public void restore(FirmwareConfigurationState state) {
        if (state.getPosition() < 0) {
            throw new IllegalArgumentException("position " + Integer.toUnsignedString(state.getPosition())
                    + " in an item of the firmware's configuration");
        }
        selected = state.getSelected();
        position = state.getPosition();
    }
}
