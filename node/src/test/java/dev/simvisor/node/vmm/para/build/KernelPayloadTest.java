package dev.simvisor.node.vmm.para.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.simvisor.node.machine.boot.ElfImage;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class KernelPayloadTest {
    private static final int SETUP = 5 * 512;
    private static final byte[] ELF = elf();

    @FunctionalInterface
    private interface Compressor {
        OutputStream over(OutputStream packed) throws IOException;
    }

    @Test
    void aKernelOfAnyCompressionIsUnpacked() throws Exception {
        assertThat(KernelPayload.of(bzImage(ELF)).bytes()).isEqualTo(ELF);
        assertThat(KernelPayload.of(bzImage(packed(GZIPOutputStream::new))).bytes())
                .isEqualTo(ELF);
        assertThat(KernelPayload.of(bzImage(packed(out -> new XZOutputStream(out, new LZMA2Options()))))
                        .bytes())
                .isEqualTo(ELF);
        assertThat(KernelPayload.of(bzImage(packed(KernelPayloadTest::zstd))).bytes())
                .isEqualTo(ELF);
    }

    @Test
    void whatIsNoBzImageIsTheKernelItself() throws Exception {
        Image image = new Image("vmlinux", ELF);
        assertThat(KernelPayload.of(image)).isSameAs(image);
    }

    @Test
    void damagedAndCutPayloadsAreRefusedInALine() throws Exception {
        byte[] packed = packed(KernelPayloadTest::zstd);
        packed[packed.length / 2] ^= 1;
        refused(bzImage(packed), "vmlinuz: its kernel cannot be decompressed: ");

        byte[] whole = bzImage(packed(KernelPayloadTest::zstd)).bytes();
        refused(
                new Image("vmlinuz", Arrays.copyOf(whole, whole.length - 1)),
                "vmlinuz: truncated kernel: its compressed part ends at byte " + whole.length);

        refused(
                bzImage(new byte[64]),
                "vmlinuz: its kernel is compressed in a way that is not known here: expected xz, gzip or zstd");
    }

    private static void refused(Image kernel, String message) {
        assertThatThrownBy(() -> KernelPayload.of(kernel))
                .isInstanceOf(InvalidImageException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("\n");
    }

    /** As Linux is packed: with a window of 128 MiB, whatever its length (zstd -22 --ultra). */
    private static OutputStream zstd(OutputStream packed) throws IOException {
        return new ZstdOutputStreamNoFinalizer(packed).setLong(27).setChecksum(true);
    }

    private static byte[] elf() {
        byte[] bytes = new byte[100_000];
        new Random(1).nextBytes(bytes);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, ElfImage.MAGIC);
        return bytes;
    }

    /** Compressed, then its length when unpacked. */
    private static byte[] packed(Compressor compressor) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream compressing = compressor.over(packed)) {
            compressing.write(ELF);
        }
        packed.write(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(ELF.length)
                .array());
        return packed.toByteArray();
    }

    private static Image bzImage(byte[] payload) {
        byte[] bytes = new byte[SETUP + payload.length];
        System.arraycopy(payload, 0, bytes, SETUP, payload.length);
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        header.put(0x1F1, (byte) 4);
        header.putInt(0x202, 0x53726448);
        header.putShort(0x206, (short) 0x020F);
        header.putInt(0x24C, payload.length);
        return new Image("vmlinuz", bytes);
    }
}
