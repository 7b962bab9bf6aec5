package dev.simvisor.node.vmm.para.build;

import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a kernel says about itself to Xen, in notes of its ELF file (public header elfnote.h).
 *
 * @param numbers the notes that are numbers, by type
 */
record XenNotes(Map<Integer, Long> numbers) {
    static final int ENTRY = 1;
    static final int HYPERCALL_PAGE = 2;
    static final int VIRT_BASE = 3;
    static final int PADDR_OFFSET = 4;
    static final int INIT_P2M = 15;
    static final int MOD_START_PFN = 16;
    private static final int XEN_VERSION = 5;
    private static final int LOADER = 8;

    private static final int NOTE_SEGMENT = 4;
    private static final int NOTE_SECTION = 7;
    private static final int CLASS_OFFSET = 4;
    private static final int CLASS_64 = 2;
    private static final byte[] NAME = "Xen\0".getBytes(StandardCharsets.US_ASCII);

    /** @throws InvalidImageException when the kernel has no such notes: it is not made for Xen's paravirtual mode */
    static XenNotes read(Image image) throws InvalidImageException {
        ByteBuffer file = image.buffer();
        if (file.get(CLASS_OFFSET) != CLASS_64) throw image.invalid("a 32-bit kernel: mode para runs 64-bit ones");
        Map<Integer, Long> numbers = new HashMap<>();
        try {
            table(file, file.getLong(32), file.getShort(54), file.getShort(56), NOTE_SEGMENT, 0, 8, 32, numbers);
            if (numbers.isEmpty()) {
                table(file, file.getLong(40), file.getShort(58), file.getShort(60), NOTE_SECTION, 4, 24, 32, numbers);
            }
        } catch (IndexOutOfBoundsException truncated) {
            throw image.invalid("truncated kernel: its notes lie beyond the end of the file");
        }
        if (!numbers.containsKey(XEN_VERSION) && !numbers.containsKey(LOADER) && !numbers.containsKey(ENTRY)) {
            throw image.invalid("no Xen notes: not a kernel for Xen's paravirtual mode");
        }
        return new XenNotes(numbers);
    }

    /** Reads the notes of each entry of a header table whose type says that it has some. */
    private static void table(
            ByteBuffer file,
            long start,
            int size,
            int count,
            int wanted,
            int type,
            int offset,
            int length,
            Map<Integer, Long> numbers) {
        for (int n = 0; n < (count & 0xFFFF); n++) {
            int entry = Math.toIntExact(start + (long) (size & 0xFFFF) * n);
            if (file.getInt(entry + type) != wanted) continue;
            notes(file, Math.toIntExact(file.getLong(entry + offset)), file.getLong(entry + length), numbers);
        }
    }

    private static void notes(ByteBuffer file, int start, long length, Map<Integer, Long> numbers) {
        int at = start;
        while (at + 12 <= start + length) {
            int nameSize = file.getInt(at);
            int size = file.getInt(at + 4);
            int type = file.getInt(at + 8);
            int description = at + 12 + aligned(nameSize);
            if (isXen(file, at + 12, nameSize)) numbers.put(type, number(file, description, size));
            if (nameSize < 0 || size < 0) return;
            at = description + aligned(size);
        }
    }

    private static boolean isXen(ByteBuffer file, int at, int size) {
        if (size != NAME.length) return false;
        for (int n = 0; n < NAME.length; n++) {
            if (file.get(at + n) != NAME[n]) return false;
        }
        return true;
    }

    private static long number(ByteBuffer file, int at, int size) {
        return switch (size) {
            case 4 -> Integer.toUnsignedLong(file.getInt(at));
            case 8 -> file.getLong(at);
            default -> 0;
        };
    }

    private static int aligned(int size) {
        return size + 3 & ~3;
    }

    OptionalLong number(int type) {
        Long value = numbers.get(type);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
