package dev.simvisor.node.machine.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * ACPI tables for firmware to place, with the commands by which it does: put a file in memory, add to a field the address where a
 * file has come to lie, make bytes add up to 0 again (the table loader of QEMU, hw/acpi/bios-linker-loader.c).
 *
 * @param rootPointer the RSDP, with addresses relative to the tables
 * @param tables all others, with addresses relative to their own beginning
 */
public record TableLoader(byte[] rootPointer, byte[] tables, List<Pointer> pointers, List<Checksum> checksums) {
    /** Names of files. */
    static final String TABLES = "etc/acpi/tables";

    static final String ROOT_POINTER = "etc/acpi/rsdp";
    private static final String COMMANDS = "etc/table-loader";

    private static final int ALLOCATE = 1;
    private static final int ADD_POINTER = 2;
    private static final int ADD_CHECKSUM = 3;
    private static final byte ANYWHERE = 1;
    private static final byte BELOW_ONE_MEBIBYTE = 2;
    private static final int TABLES_ALIGNMENT = 64;
    private static final int ROOT_POINTER_ALIGNMENT = 16;
    private static final int COMMAND_LENGTH = 128;
    private static final int NAME_LENGTH = 56;

    /** A field of {@code size} bytes in a file that is to point into the tables. */
    record Pointer(String file, int offset, int size) {}

    /** A byte of a file that makes a range of it add up to 0. */
    record Checksum(String file, int offset, int start, int length) {}

    public TableLoader {
        pointers = List.copyOf(pointers);
        checksums = List.copyOf(checksums);
    }

    /** What firmware reads, by the names of files. */
    public Map<String, byte[]> files() {
        return Map.of(TABLES, tables, ROOT_POINTER, rootPointer, COMMANDS, commands());
    }

    private byte[] commands() {
        ByteBuffer commands = ByteBuffer.allocate((2 + pointers.size() + checksums.size()) * COMMAND_LENGTH)
                .order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        at = allocate(commands, at, TABLES, TABLES_ALIGNMENT, ANYWHERE);
        at = allocate(commands, at, ROOT_POINTER, ROOT_POINTER_ALIGNMENT, BELOW_ONE_MEBIBYTE);
        for (Pointer pointer : pointers) {
            begin(commands, at, ADD_POINTER, pointer.file());
            name(commands, at + Integer.BYTES + NAME_LENGTH, TABLES);
            int fields = at + Integer.BYTES + 2 * NAME_LENGTH;
            commands.putInt(fields, pointer.offset()).put(fields + Integer.BYTES, (byte) pointer.size());
            at += COMMAND_LENGTH;
        }
        for (Checksum checksum : checksums) {
            int fields = begin(commands, at, ADD_CHECKSUM, checksum.file());
            commands.putInt(fields, checksum.offset());
            commands.putInt(fields + Integer.BYTES, checksum.start());
            commands.putInt(fields + 2 * Integer.BYTES, checksum.length());
            at += COMMAND_LENGTH;
        }
        return commands.array();
    }

    private static int allocate(ByteBuffer commands, int at, String file, int alignment, byte zone) {
        int fields = begin(commands, at, ALLOCATE, file);
        commands.putInt(fields, alignment).put(fields + Integer.BYTES, zone);
        return at + COMMAND_LENGTH;
    }

    /** Writes what all commands begin with; returns where the rest of this one goes. */
    private static int begin(ByteBuffer commands, int at, int command, String file) {
        commands.putInt(at, command);
        name(commands, at + Integer.BYTES, file);
        return at + Integer.BYTES + NAME_LENGTH;
    }

    private static void name(ByteBuffer commands, int at, String file) {
        commands.put(at, file.getBytes(StandardCharsets.US_ASCII));
    }
}
