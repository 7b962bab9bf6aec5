package dev.simvisor.controller.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The smallest ELF file that passes for a kernel module: a .modinfo section and the table of section names. */
final class ElfModule {
    private static final byte[] NAMES = "\0.modinfo\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);

    private ElfModule() {}

    static byte[] wide(String... modinfo) {
        return elf(true, modinfo);
    }

    static byte[] narrow(String... modinfo) {
        return elf(false, modinfo);
    }

    private static byte[] elf(boolean wide, String... modinfo) {
        byte[] info = (String.join("\0", modinfo) + "\0").getBytes(StandardCharsets.UTF_8);
        int headerSize = wide ? 64 : 52;
        int sectionSize = wide ? 64 : 40;
        int infoAt = headerSize + 3 * sectionSize;
        ByteBuffer file =
                ByteBuffer.allocate(infoAt + info.length + NAMES.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', (byte) (wide ? 2 : 1)});
        if (wide) {
            file.putLong(0x28, headerSize);
        } else {
            file.putInt(0x20, headerSize);
        }
        int counts = wide ? 0x3a : 0x2e;
        file.putShort(counts, (short) sectionSize)
                .putShort(counts + 2, (short) 3)
                .putShort(counts + 4, (short) 2);
        section(file, wide, headerSize + sectionSize, 1, infoAt, info.length);
        section(file, wide, headerSize + 2 * sectionSize, 10, infoAt + info.length, NAMES.length);
        file.put(infoAt, info).put(infoAt + info.length, NAMES);
        return file.array();
    }

    private static void section(ByteBuffer file, boolean wide, int at, int name, int offset, int size) {
        file.putInt(at, name);
        if (wide) {
            file.putLong(at + 0x18, offset).putLong(at + 0x20, size);
        } else {
            file.putInt(at + 0x10, offset).putInt(at + 0x14, size);
        }
    }
}
