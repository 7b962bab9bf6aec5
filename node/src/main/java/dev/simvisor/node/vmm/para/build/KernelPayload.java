package dev.simvisor.node.vmm.para.build;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.simvisor.node.machine.boot.ElfImage;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.SingleXZInputStream;

/** The ELF kernel within a Linux bzImage, compressed or not (Linux, Documentation/arch/x86/boot.rst, protocol 2.08). */
final class KernelPayload {
    private static final int SETUP_SECTORS = 0x1F1;
    private static final int HEADER_MAGIC = 0x202;
    private static final int PROTOCOL_VERSION = 0x206;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24C;
    private static final int HEADER_END = 0x250;
    private static final int FIRST_PROTOCOL_WITH_PAYLOAD = 0x0208;
    private static final int SECTOR = 512;
    private static final int DEFAULT_SETUP_SECTORS = 4;
    private static final int BZIMAGE = 0x53726448; // "HdrS"
    private static final int GZIP = 0x8B1F;
    private static final int XZ = 0x587A37FD;
    private static final int ZSTD = 0xFD2FB528;

    /** After a packed kernel comes its length when unpacked; gzip and xz end by themselves before that (Linux, Makefile.lib). */
    private static final int UNPACKED_LENGTH = Integer.BYTES;

    private KernelPayload() {}

    /** The image itself unless it is a bzImage. */
    static Image of(Image kernel) throws InvalidImageException {
        ByteBuffer file = kernel.buffer();
        if (kernel.length() < HEADER_END || file.getInt(HEADER_MAGIC) != BZIMAGE) return kernel;
        if ((file.getShort(PROTOCOL_VERSION) & 0xFFFF) < FIRST_PROTOCOL_WITH_PAYLOAD) {
            throw kernel.invalid("a bzImage from before boot protocol 2.08, which does not tell where its kernel is");
        }
        int sectors = file.get(SETUP_SECTORS) & 0xFF;
        long code = (1L + (sectors == 0 ? DEFAULT_SETUP_SECTORS : sectors)) * SECTOR;
        long start = code + Integer.toUnsignedLong(file.getInt(PAYLOAD_OFFSET));
        long length = Integer.toUnsignedLong(file.getInt(PAYLOAD_LENGTH));
        if (length < Integer.BYTES || start + length > kernel.length()) {
            throw kernel.invalid("truncated kernel: its compressed part ends at byte " + (start + length)
                    + ", the file has " + kernel.length());
        }
        return new Image(kernel.name(), unpacked(kernel, (int) start, (int) length));
    }

    private static byte[] unpacked(Image kernel, int start, int length) throws InvalidImageException {
        int magic = kernel.buffer().getInt(start);
        int end = magic == ElfImage.MAGIC ? length : length - UNPACKED_LENGTH;
        ByteArrayInputStream payload = new ByteArrayInputStream(kernel.bytes(), start, end);
        try {
            if (magic == ElfImage.MAGIC) return payload.readAllBytes();
            try (InputStream unpacking = decompressor(kernel, payload, magic)) {
                return unpacking.readAllBytes();
            }
        } catch (IOException damaged) {
            throw kernel.invalid("its kernel cannot be decompressed: " + damaged.getMessage());
        }
    }

    private static InputStream decompressor(Image kernel, InputStream packed, int magic)
            throws IOException, InvalidImageException {
        if (magic == XZ) return new SingleXZInputStream(packed);
        if ((magic & 0xFFFF) == GZIP) return new GZIPInputStream(packed);
        if (magic == ZSTD) return new ZstdInputStreamNoFinalizer(packed);
        throw kernel.invalid("its kernel is compressed in a way that is not known here: expected xz, gzip or zstd");
    }
}
