package dev.simvisor.controller.guest;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a Linux kernel module says of itself in its {@code .modinfo} section: "key=value" texts, each ended by a zero byte.
 *
 * @param name with underscores, as the kernel spells it
 * @param depends the modules it needs, by name
 * @param aliases the patterns of devices it drives
 */
record KernelModule(String name, List<String> depends, List<String> aliases) {
    private static final byte[] ELF_MAGIC = {0x7f, 'E', 'L', 'F'};
    private static final int CLASS_OFFSET = 4;
    private static final byte CLASS_64 = 2;

    KernelModule {
        depends = List.copyOf(depends);
        aliases = List.copyOf(aliases);
    }

    /** The kernel's spelling: file names and commands may have hyphens. */
    static String spelt(String name) {
        return name.replace('-', '_');
    }

    /**
     * Reads a module's file.
     *
     * @throws GuestException when {@code elf} is not an ELF file with a .modinfo section
     */
    static KernelModule read(String name, byte[] elf) throws GuestException {
        List<String> depends = new ArrayList<>();
        List<String> aliases = new ArrayList<>();
        for (String text : modinfo(name, elf).split("\0")) {
            if (text.startsWith("depends=")) {
                for (String needed : text.substring("depends=".length()).split(",")) {
                    if (!needed.isEmpty()) {
                        depends.add(spelt(needed));
                    }
                }
            } else if (text.startsWith("alias=")) {
                aliases.add(text.substring("alias=".length()));
            }
        }
        return new KernelModule(spelt(name), depends, aliases);
    }

    private static String modinfo(String name, byte[] elf) throws GuestException {
        try {
            for (int at = 0; at < ELF_MAGIC.length; at++) {
                if (elf[at] != ELF_MAGIC[at]) {
                    throw new GuestException(name + ".ko: not an ELF file; expected an uncompressed kernel module");
                }
            }
            ByteBuffer file = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
            SectionTable sections = elf[CLASS_OFFSET] == CLASS_64 ? SectionTable.of64(file) : SectionTable.of32(file);
            return sections.content(".modinfo");
        } catch (IndexOutOfBoundsException | BufferUnderflowException | NegativeArraySizeException cut) {
            throw new GuestException(name + ".ko: no readable .modinfo section; expected a kernel module", cut);
        }
    }

    /**
     * The section headers of an ELF file (System V ABI, "Sections").
     *
     * @param wide of the 64-bit class, whose headers have 8-byte offsets and sizes
     */
    private record SectionTable(ByteBuffer file, boolean wide, int offset, int entrySize, int count, int nameIndex) {
        static SectionTable of64(ByteBuffer file) {
            return new SectionTable(
                    file,
                    true,
                    (int) file.getLong(0x28),
                    file.getShort(0x3a),
                    file.getShort(0x3c),
                    file.getShort(0x3e));
        }

        static SectionTable of32(ByteBuffer file) {
            return new SectionTable(
                    file, false, file.getInt(0x20), file.getShort(0x2e), file.getShort(0x30), file.getShort(0x32));
        }

        String content(String name) {
            int names = contentOffset(nameIndex);
            for (int index = 0; index < count; index++) {
                if (matches(names + file.getInt(header(index)), name)) {
                    byte[] content = new byte[contentSize(index)];
                    file.get(contentOffset(index), content);
                    return new String(content, StandardCharsets.UTF_8);
                }
            }
            throw new IndexOutOfBoundsException(name);
        }

        private boolean matches(int at, String name) {
            for (int index = 0; index < name.length(); index++) {
                if (file.get(at + index) != name.charAt(index)) {
                    return false;
                }
            }
            return file.get(at + name.length()) == 0;
        }

        private int header(int index) {
            return offset + index * entrySize;
        }

        private int contentOffset(int index) {
            return wide ? (int) file.getLong(header(index) + 0x18) : file.getInt(header(index) + 0x10);
        }

        private int contentSize(int index) {
            return wide ? (int) file.getLong(header(index) + 0x20) : file.getInt(header(index) + 0x14);
        }
    }
}
