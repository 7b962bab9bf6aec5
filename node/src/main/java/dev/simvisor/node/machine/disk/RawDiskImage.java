package dev.simvisor.node.machine.disk;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file whose bytes are the disk's. Whoever {@linkplain #claim claims} it has it alone; to be opened it need not be: a migrated VM's
 * disk is open at its target before its source has let go of it.
 */
public final class RawDiskImage implements DiskImage, AutoCloseable {
    private final Path path;
    private final FileChannel file;
    private final long sizeBytes;
    private final boolean readOnly;
    private @Nullable ImageLock lock;

    private RawDiskImage(Path path, FileChannel file, long sizeBytes, boolean readOnly) {
        this.path = path;
        this.file = file;
        this.sizeBytes = sizeBytes;
        this.readOnly = readOnly;
    }

    /**
     * Opens an image, for reading only if the file may not be written.
     *
     * @throws IOException when it is not a disk; the message is one line that names the file
     */
    public static RawDiskImage open(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new IOException(path + ": not a file: expected a raw disk image");
        }
        long size = Files.size(path);
        if (size == 0 || size % SECTOR_BYTES != 0) {
            throw new IOException(path + ": " + size + " bytes are not a disk: expected a multiple of " + SECTOR_BYTES);
        }
        boolean readOnly = !Files.isWritable(path);
        FileChannel file = readOnly
                ? FileChannel.open(path, StandardOpenOption.READ)
                : FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        return new RawDiskImage(path, file, size, readOnly);
    }

    /**
     * Opens several images, or none.
     *
     * @throws IOException as {@link #open} for the first that is not a disk, or when two are the same file, whatever their names
     */
    public static List<RawDiskImage> openAll(List<Path> paths) throws IOException {
        List<RawDiskImage> opened = new ArrayList<>();
        try {
            for (Path path : paths) {
                opened.add(open(path));
                for (Path before : paths.subList(0, opened.size() - 1)) {
                    if (Files.isSameFile(before, path)) {
                        throw new IOException(path + ": the same file as " + before + ": expected another disk");
                    }
                }
            }
        } catch (IOException e) {
            closeAll(opened);
            throw e;
        }
        return opened;
    }

    public static void closeAll(List<RawDiskImage> images) {
        try {
            for (RawDiskImage image : images) {
                image.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Keeps the disk from all others, in this process and elsewhere, until it is closed; one that can only be read, from those that
     * write. To claim it once more changes nothing.
     *
     * @return what keeps it from that: one line that names the file; nothing when it is claimed
     */
    public Optional<String> claim() {
        try {
            if (lock == null) {
                lock = ImageLock.tryLock(path, readOnly).orElse(null);
            }
            return lock != null
                    ? Optional.empty()
                    : Optional.of(
                            path + ": in use by another VM, here or in another process: a disk is one VM's at a time");
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** Lets others have the disk. */
    public void release() {
        if (lock != null) {
            lock.close();
            lock = null;
        }
    }

    /** Claims several images; what keeps the first from it that cannot be claimed. */
    public static Optional<String> claimAll(List<RawDiskImage> images) {
        return images.stream()
                .map(RawDiskImage::claim)
                .flatMap(Optional::stream)
                .findFirst();
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public void read(long position, byte[] target, int offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(target, offset, length);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, position + length - buffer.remaining()) < 0) {
                throw new EOFException("the disk image became shorter while it was in use");
            }
        }
    }

    @Override
    public void write(long position, byte[] source, int offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(source, offset, length);
        while (buffer.hasRemaining()) {
            file.write(buffer, position + length - buffer.remaining());
        }
    }

    @Override
    public void flush() throws IOException {
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
        release();
    }
}
