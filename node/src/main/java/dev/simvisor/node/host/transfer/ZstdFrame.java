package dev.simvisor.node.host.transfer;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import com.google.protobuf.ByteString;
import java.util.Arrays;

/**
 * Contents of pages as a zstd frame (RFC 8878). Each frame is made by itself, by one thread and at one level, so that the same
 * contents give the same bytes, whatever was sent before and wherever that is done.
 */
final class ZstdFrame {
    /** QEMU's default for {@code multifd-zstd-level}; the rate that {@code PageCoding} has is for it. */
    private static final int LEVEL = 1;

    private ZstdFrame() {}

    /** Of the first {@code length} bytes. */
    static byte[] of(byte[] contents, int length) {
        byte[] frame = new byte[(int) Zstd.compressBound(length)];
        long frameLength = Zstd.compressByteArray(frame, 0, frame.length, contents, 0, length, LEVEL);
        if (Zstd.isError(frameLength)) {
            throw new IllegalStateException("zstd: " + Zstd.getErrorName(frameLength));
        }
        return Arrays.copyOf(frame, (int) frameLength);
    }

    /** @throws TransferBroken when it is not one of {@code length} bytes; what {@code contents} then has is of no use */
    static void unpack(ByteString frame, byte[] contents, int length) throws TransferBroken {
        byte[] packed = frame.toByteArray();
        try (ZstdDecompressCtx zstd = new ZstdDecompressCtx()) {
            int unpacked = zstd.decompressByteArray(contents, 0, length, packed, 0, packed.length);
            if (unpacked != length) {
                throw new TransferBroken("compressed contents of " + unpacked + " bytes: expected " + length);
            }
        } catch (ZstdException e) {
            throw new TransferBroken("compressed contents that are not " + length + " bytes: " + e.getMessage());
        }
    }
}
