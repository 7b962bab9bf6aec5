package dev.simvisor.node.machine.boot;

import dev.simvisor.node.machine.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The loadable segments of an ELF executable for x86, 32-bit or 64-bit (System V ABI, ch. 4 and 5). */
public record ElfImage(long entry, List<Segment> segments) {
    /** The file's first four bytes, little-endian. */
    public static final int MAGIC = 0x464C457F;

    static final int CLASS = 4;
    private static final int CLASS_32 = 1;
    static final int CLASS_64 = 2;
    /** The file header's size, that of 64-bit files. */
    private static final int HEADER = 64;

    private static final int LOADABLE = 1;

    /** Bytes of the file that go to a physical address, followed by zeros up to {@code memorySize}. */
    public record Segment(int fileOffset, int fileSize, long physicalAddress, long virtualAddress, long memorySize) {
        public long end() {
            return physicalAddress + memorySize;
        }
    }

    /** Whether it is an ELF file, as far as its header tells. */
    static boolean isElf(Image image) {
        return image.length() >= HEADER && image.buffer().getInt(0) == MAGIC;
    }

    /** Whether it is an ELF file of 64-bit code. */
    public static boolean isWide(Image image) {
        return isElf(image) && image.buffer().get(CLASS) == CLASS_64;
    }

    public static ElfImage parse(Image image) throws InvalidImageException {
        ByteBuffer file = image.buffer();
        if (!isElf(image)) {
            throw image.invalid("not an ELF file");
        }
        return switch (file.get(CLASS)) {
            case CLASS_32 -> parse32(image, file);
            case CLASS_64 -> parse64(image, file);
            default -> throw image.invalid("an ELF file of an unknown class: expected 32 or 64 bits");
        };
    }

    private static ElfImage parse32(Image image, ByteBuffer file) throws InvalidImageException {
        List<Segment> segments = new ArrayList<>();
        long headers = file.getInt(28) & 0xFFFF_FFFFL;
        int headerSize = file.getShort(42) & 0xFFFF;
        int count = file.getShort(44) & 0xFFFF;
        for (int i = 0; i < count; i++) {
            int at = header(image, headers + (long) i * headerSize, 32);
            if (file.getInt(at) == LOADABLE) {
                segments.add(segment(
                        image,
                        file.getInt(at + 4) & 0xFFFF_FFFFL,
                        file.getInt(at + 16) & 0xFFFF_FFFFL,
                        file.getInt(at + 12) & 0xFFFF_FFFFL,
                        file.getInt(at + 8) & 0xFFFF_FFFFL,
                        file.getInt(at + 20) & 0xFFFF_FFFFL));
            }
        }
        return new ElfImage(file.getInt(24) & 0xFFFF_FFFFL, segments);
    }

    private static ElfImage parse64(Image image, ByteBuffer file) throws InvalidImageException {
        List<Segment> segments = new ArrayList<>();
        long headers = file.getLong(32);
        int headerSize = file.getShort(54) & 0xFFFF;
        int count = file.getShort(56) & 0xFFFF;
        for (int i = 0; i < count; i++) {
            int at = header(image, headers + (long) i * headerSize, 56);
            if (file.getInt(at) == LOADABLE) {
                segments.add(segment(
                        image,
                        file.getLong(at + 8),
                        file.getLong(at + 32),
                        file.getLong(at + 24),
                        file.getLong(at + 16),
                        file.getLong(at + 40)));
            }
        }
        return new ElfImage(file.getLong(24), segments);
    }

    private static int header(Image image, long offset, int size) throws InvalidImageException {
        if (offset < 0 || offset > image.length() - size) {
            throw image.invalid("truncated kernel: a program header lies beyond the end of the file");
        }
        return (int) offset;
    }

    private static Segment segment(
            Image image, long offset, long fileSize, long physical, long virtual, long memorySize)
            throws InvalidImageException {
        if (offset < 0 || fileSize < 0 || offset + fileSize > image.length() || offset + fileSize < 0) {
            throw image.invalid("truncated kernel: a segment ends at byte " + (offset + fileSize) + ", the file has "
                    + image.length());
        }
        if (memorySize < fileSize) {
            throw image.invalid("a segment is larger in the file than in memory");
        }
        return new Segment((int) offset, (int) fileSize, physical, virtual, memorySize);
    }

    /** Puts the segments at their physical addresses; returns the end of the highest. */
    long load(Image image, GuestMemory memory) throws InvalidImageException {
        long end = 0;
        for (Segment segment : segments) {
            boolean fits =
                    segment.memorySize() == 0 || memory.contains(segment.physicalAddress(), segment.memorySize());
            if (!fits) {
                throw image.invalid("a segment at 0x%x..0x%x is outside the VM's memory"
                        .formatted(segment.physicalAddress(), segment.end()));
            }
            // Memory of a machine that boots is zero, so what the file does not fill needs no clearing.
            memory.write(segment.physicalAddress(), image.bytes(), segment.fileOffset(), segment.fileSize());
            end = Math.max(end, segment.end());
        }
        return end;
    }

    /** The physical address of the entry point, whether it is given as a virtual or as a physical one. */
    long physicalEntry() {
        for (Segment segment : segments) {
            if (entry >= segment.virtualAddress() && entry - segment.virtualAddress() < segment.memorySize()) {
                return entry - segment.virtualAddress() + segment.physicalAddress();
            }
        }
        return entry;
    }
}
