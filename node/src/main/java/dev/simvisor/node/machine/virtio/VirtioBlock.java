package dev.simvisor.node.machine.virtio;

import dev.simvisor.node.machine.disk.DiskImage;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A virtio block device with one queue (§5.2). Each request is finished at the virtual instant it is notified. */
public final class VirtioBlock implements VirtioDevice {
    private static final int DEVICE_ID = 2;
    private static final int MASS_STORAGE = 0x018000;

    private static final int FEATURE_SEGMENTS = 1 << 2;
    private static final int FEATURE_READ_ONLY = 1 << 5;
    private static final int FEATURE_BLOCK_SIZE = 1 << 6;
    private static final int FEATURE_FLUSH = 1 << 9;

    // Configuration, §5.2.4
    private static final int CAPACITY = 0;
    private static final int SEGMENTS = 12;
    private static final int BLOCK_SIZE = 20;
    private static final int CONFIGURATION_SIZE = 60;
    private static final int MOST_SEGMENTS = Virtqueue.MAX_SIZE - 2; // header and status take one each

    // Requests, §5.2.6
    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int FLUSH = 4;
    private static final int GET_ID = 8;
    private static final int HEADER_SIZE = 16;
    private static final int SECTOR = 8;
    private static final int ID_SIZE = 20;
    private static final byte OK = 0;
    private static final byte IO_ERROR = 1;
    private static final byte UNSUPPORTED = 2;

    private static final int CHUNK = 64 << 10;

    private final DiskImage image;
    private final byte[] id;
    private final byte[] configuration;
    private final byte[] buffer = new byte[CHUNK];

    private VirtioBlock(DiskImage image, String id) {
        this.image = image;
        this.id = Arrays.copyOf(id.getBytes(StandardCharsets.US_ASCII), ID_SIZE);
        configuration = ByteBuffer.allocate(CONFIGURATION_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(CAPACITY, image.sizeBytes() / DiskImage.SECTOR_BYTES)
                .putInt(SEGMENTS, MOST_SEGMENTS)
                .putInt(BLOCK_SIZE, DiskImage.SECTOR_BYTES)
                .array();
    }

    /**
     * A disk on PCI.
     *
     * @param id serial number, at most 20 ASCII characters
     */
    public static VirtioPci onPci(DiskImage image, String id, GuestMemory memory) {
        return new VirtioPci(new VirtioBlock(image, id), memory);
    }

    @Override
    public String name() {
        return "virtio-blk";
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public int classCode() {
        return MASS_STORAGE;
    }

    @Override
    public int features() {
        return FEATURE_SEGMENTS | FEATURE_BLOCK_SIZE | FEATURE_FLUSH | (image.isReadOnly() ? FEATURE_READ_ONLY : 0);
    }

    @Override
    public int queueCount() {
        return 1;
    }

    @Override
    public byte[] configuration() {
        return configuration;
    }

    @Override
    public void reset() {}

    @Override
    public void serve(int index, List<Virtqueue> queues) throws MalformedRingException {
        queues.get(index).serve(this::serve);
    }

    private void serve(DescriptorChain chain) throws MalformedRingException {
        byte[] header = new byte[HEADER_SIZE];
        if (chain.read(header, 0, HEADER_SIZE) < HEADER_SIZE || chain.writableBytes() < 1) {
            throw new MalformedRingException("a block request without a header or a status byte");
        }
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        long room = chain.writableBytes() - 1;
        byte status;
        try {
            status = execute(fields.getInt(0), fields.getLong(SECTOR), chain, room);
        } catch (IOException e) {
            status = IO_ERROR; // the guest sees it, as it would a broken disk
        }
        skipToStatus(chain);
        chain.write(new byte[] {status}, 0, 1);
    }

    private byte execute(int type, long sector, DescriptorChain chain, long room) throws IOException {
        switch (type) {
            case IN -> {
                return transferIn(sector, chain, room);
            }
            case OUT -> {
                return transferOut(sector, chain);
            }
            case FLUSH -> {
                image.flush();
                return OK;
            }
            case GET_ID -> {
                chain.write(id, 0, (int) Math.min(room, ID_SIZE));
                return OK;
            }
            default -> {
                return UNSUPPORTED;
            }
        }
    }

    private byte transferIn(long sector, DescriptorChain chain, long length) throws IOException {
        if (!isOnDisk(sector, length)) {
            return IO_ERROR;
        }
        long position = sector * DiskImage.SECTOR_BYTES;
        for (long done = 0; done < length; ) {
            int part = (int) Math.min(CHUNK, length - done);
            image.read(position + done, buffer, 0, part);
            chain.write(buffer, 0, part);
            done += part;
        }
        return OK;
    }

    private byte transferOut(long sector, DescriptorChain chain) throws IOException {
        long length = chain.readableBytes();
        if (image.isReadOnly() || !isOnDisk(sector, length)) {
            return IO_ERROR;
        }
        long position = sector * DiskImage.SECTOR_BYTES;
        for (long done = 0; done < length; ) {
            int part = chain.read(buffer, 0, CHUNK);
            image.write(position + done, buffer, 0, part);
            done += part;
        }
        return OK;
    }

    private boolean isOnDisk(long sector, long length) {
        long sectors = image.sizeBytes() / DiskImage.SECTOR_BYTES;
        boolean wholeSectors = length % DiskImage.SECTOR_BYTES == 0;
        return wholeSectors && sector >= 0 && sector <= sectors && length / DiskImage.SECTOR_BYTES <= sectors - sector;
    }

    /** The status is the last byte; a request that failed leaves what is before it as zeros. */
    private void skipToStatus(DescriptorChain chain) {
        Arrays.fill(buffer, (byte) 0);
        while (chain.writableBytes() > 1) {
            chain.write(buffer, 0, (int) Math.min(CHUNK, chain.writableBytes() - 1));
        }
    }
}
