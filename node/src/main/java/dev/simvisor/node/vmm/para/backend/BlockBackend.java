package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.machine.disk.DiskImage;
import dev.simvisor.node.vmm.para.grant.GrantRefusedException;
import dev.simvisor.node.vmm.para.grant.GrantedFrame;
import dev.simvisor.node.vmm.para.ring.BackRing;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A disk (Xen, {@code io/blkif.h}): one ring in one page, requests of up to 11 segments, and flushes. Indirect segments,
 * larger rings, persistent grants, barriers and discards are not offered.
 */
final class BlockBackend extends DeviceBackend {
    private static final String PROTOCOL = "x86_64-abi";

    // struct blkif_request
    private static final int REQUEST_BYTES = 112;
    private static final int OPERATION = 0;
    private static final int SEGMENTS = 1;
    private static final int ID = 8;
    private static final int SECTOR = 16;
    private static final int FIRST_SEGMENT = 24;
    private static final int SEGMENT_BYTES = 8;
    private static final int FIRST_IN_SEGMENT = 4;
    private static final int LAST_IN_SEGMENT = 5;
    private static final int MOST_SEGMENTS = 11;

    // struct blkif_response
    private static final int RESPONSE_BYTES = 16;
    private static final int RESPONSE_OPERATION = 8;
    private static final int RESPONSE_STATUS = 10;

    // BLKIF_OP_
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int FLUSH = 3;

    // BLKIF_RSP_
    private static final short OKAY = 0;
    private static final short ERROR = -1;
    private static final short UNSUPPORTED = -2;

    private static final int VDISK_READ_ONLY = 4;
    private static final int SECTORS_PER_PAGE = SharedPage.SIZE / DiskImage.SECTOR_BYTES;

    private final int number;
    private final DiskImage image;
    private final byte[] request = new byte[REQUEST_BYTES];
    private final ByteBuffer fields = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] page = new byte[SharedPage.SIZE];

    private @Nullable BackRing ring;

    /**
     * The disk in a slot.
     *
     * @param slot 0 for the guest's xvda, 1 for xvdb, and so on to 15
     */
    BlockBackend(DeviceWiring wiring, int slot, DiskImage image) {
        super(wiring, "vbd", deviceNumber(slot));
        this.number = deviceNumber(slot);
        this.image = image;
    }

    /** Major number 202, and 16 minor numbers for each disk and its partitions (Xen, {@code misc/vbd-interface.txt}). */
    private static int deviceNumber(int slot) {
        return 202 << 8 | slot << 4;
    }

    @Override
    Map<String, String> backendKeys() {
        return Map.of(
                "dev", "xvd" + (char) ('a' + (number >> 4 & 0xF)),
                "type", "phy",
                "mode", image.isReadOnly() ? "r" : "w",
                "device-type", "disk",
                "removable", "0",
                "bootable", "1",
                "feature-flush-cache", "1",
                "feature-barrier", "0",
                "feature-persistent", "0");
    }

    @Override
    Map<String, String> frontendKeys() {
        return Map.of("virtual-device", Integer.toString(number), "device-type", "disk");
    }

    @Override
    void connect() throws ConnectionRefusedException, GrantRefusedException, MalformedRingException {
        String protocol = frontendKey("protocol");
        if (protocol != null && !protocol.equals(PROTOCOL)) {
            throw new ConnectionRefusedException("protocol " + protocol + ": expected " + PROTOCOL);
        }
        ring = new BackRing(openRing("ring-ref"), REQUEST_BYTES);
        connectPort("event-channel");
        publish("sectors", Long.toString(image.sizeBytes() / DiskImage.SECTOR_BYTES));
        publish("sector-size", Integer.toString(DiskImage.SECTOR_BYTES));
        publish("physical-sector-size", Integer.toString(DiskImage.SECTOR_BYTES));
        publish("info", Integer.toString(image.isReadOnly() ? VDISK_READ_ONLY : 0));
    }

    @Override
    void release() {
        ring = null;
    }

    @Override
    String rings() {
        return ring == null ? "" : ring.indices();
    }

    @Override
    void serve() throws MalformedRingException {
        BackRing requests = ring;
        if (requests == null) {
            return;
        }
        boolean eventWanted = false;
        do {
            while (requests.take(request)) {
                requests.respond(response(execute()));
            }
            eventWanted |= requests.push();
        } while (requests.askForEvent() > 0);
        if (eventWanted) {
            notifyGuest();
        }
    }

    private byte[] response(short status) {
        return ByteBuffer.allocate(RESPONSE_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, fields.getLong(ID))
                .put(RESPONSE_OPERATION, fields.get(OPERATION))
                .putShort(RESPONSE_STATUS, status)
                .array();
    }

    private short execute() {
        try {
            switch (fields.get(OPERATION)) {
                case READ -> {
                    return transfer(false);
                }
                case WRITE -> {
                    return transfer(true);
                }
                case FLUSH -> {
                    image.flush();
                    return fields.get(SEGMENTS) == 0 ? OKAY : transfer(true);
                }
                default -> {
                    return UNSUPPORTED;
                }
            }
        } catch (IOException e) {
            return ERROR; // the guest sees it, as it would a broken disk
        }
    }

    /** Moves all of a request's segments, or none if they make no sense or lead off the disk. */
    private short transfer(boolean toDisk) throws IOException {
        int segments = fields.get(SEGMENTS) & 0xFF;
        if (segments == 0 || segments > MOST_SEGMENTS || toDisk && image.isReadOnly()) {
            return ERROR;
        }
        long sectors = 0;
        for (int i = 0; i < segments; i++) {
            if (!isSegment(i)) {
                return ERROR;
            }
            sectors += last(i) - first(i) + 1;
        }
        long sector = fields.getLong(SECTOR);
        long onDisk = image.sizeBytes() / DiskImage.SECTOR_BYTES;
        if (sector < 0 || sector > onDisk || sectors > onDisk - sector) {
            return ERROR;
        }
        for (int i = 0; i < segments; i++) {
            if (!move(i, sector * DiskImage.SECTOR_BYTES, toDisk)) {
                return ERROR;
            }
            sector += last(i) - first(i) + 1;
        }
        return OKAY;
    }

    private boolean move(int segment, long position, boolean toDisk) throws IOException {
        int at = first(segment) * DiskImage.SECTOR_BYTES;
        int length = (last(segment) - first(segment) + 1) * DiskImage.SECTOR_BYTES;
        int reference = fields.getInt(FIRST_SEGMENT + segment * SEGMENT_BYTES);
        try (GrantedFrame frame = openForCopy(reference, !toDisk)) {
            if (toDisk) {
                frame.page().read(at, page, 0, length);
                image.write(position, page, 0, length);
            } else {
                image.read(position, page, 0, length);
                frame.page().write(at, page, 0, length);
            }
            return true;
        } catch (GrantRefusedException _) {
            return false;
        }
    }

    private boolean isSegment(int segment) {
        return first(segment) <= last(segment) && last(segment) < SECTORS_PER_PAGE;
    }

    private int first(int segment) {
        return fields.get(FIRST_SEGMENT + segment * SEGMENT_BYTES + FIRST_IN_SEGMENT) & 0xFF;
    }

    private int last(int segment) {
        return fields.get(FIRST_SEGMENT + segment * SEGMENT_BYTES + LAST_IN_SEGMENT) & 0xFF;
    }
}
