package dev.simvisor.node.vmm.para.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.disk.DiskInMemory;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class BlockBackendTest {
    private static final int PORT = 5;
    private static final String FRONTEND = "device/vbd/51712/";
    private static final String BACKEND = "/local/domain/0/backend/vbd/1/51712/";
    private static final int SECTORS = 64;

    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int FLUSH = 3;
    private static final int DISCARD = 5;

    private final DiskInMemory disk = new DiskInMemory(SECTORS * 512);
    private final GuestEnd guest = new GuestEnd();
    private GuestEnd.Shared ring = guest.share();
    private int produced;

    /** Part of a request. */
    private record Segment(int reference, int first, int last) {}

    @BeforeEach
    void addDisk() {
        guest.backends.addDisk(disk);
    }

    private void connect() throws MalformedRingException {
        ring.page().writeInt(4, 1);
        ring.page().writeInt(12, 1);
        guest.allocateUnbound(PORT);
        guest.write(FRONTEND + "ring-ref", ring.reference());
        guest.write(FRONTEND + "event-channel", PORT);
        guest.write(FRONTEND + "protocol", "x86_64-abi");
        guest.write(FRONTEND + "state", "3");
    }

    /** Does a request, and returns the status of its response. */
    private int request(int operation, long sector, Segment... segments) {
        ByteBuffer request = ByteBuffer.allocate(112).order(ByteOrder.LITTLE_ENDIAN);
        request.put(0, (byte) operation).put(1, (byte) segments.length);
        request.putLong(8, 0x1122_3344_5566_7788L + produced).putLong(16, sector);
        for (int i = 0; i < Math.min(segments.length, 11); i++) {
            request.putInt(24 + 8 * i, segments[i].reference());
            request.put(28 + 8 * i, (byte) segments[i].first()).put(29 + 8 * i, (byte) segments[i].last());
        }
        int slot = 64 + (produced % 32) * 112;
        ring.page().write(slot, request.array(), 0, 112);
        ring.page().writeInt(0, ++produced);
        ring.page().writeInt(12, produced);
        guest.sendEvent(PORT);

        assertThat(ring.page().readInt(8)).isEqualTo(produced);
        assertThat(guest.takeEvents(PORT)).isEqualTo(1);
        byte[] response = new byte[16];
        ring.page().read(slot, response, 0, 16);
        ByteBuffer fields = ByteBuffer.wrap(response).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(fields.getLong(0)).isEqualTo(0x1122_3344_5566_7788L + produced - 1);
        assertThat(fields.get(8)).isEqualTo((byte) operation);
        return fields.getShort(10);
    }

    @Test
    void theTwoEndsMeetOverTheStore() throws MalformedRingException {
        assertThat(guest.read(FRONTEND + "backend") + "/").isEqualTo(BACKEND);
        assertThat(guest.read(FRONTEND + "virtual-device")).isEqualTo("51712");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("2");
        assertThat(guest.read(BACKEND + "feature-flush-cache")).isEqualTo("1");
        connect();

        assertThat(guest.read(BACKEND + "state")).isEqualTo("4");
        assertThat(guest.read(BACKEND + "sectors")).isEqualTo("64");
        assertThat(guest.read(BACKEND + "sector-size")).isEqualTo("512");
        assertThat(guest.read(BACKEND + "info")).isEqualTo("0");
        assertThat(guest.isConnected(PORT)).isTrue();
    }

    @Test
    void aPortThatTheGuestHasClosedIsNoLongerTheBackEnds() throws MalformedRingException {
        connect();
        guest.close(PORT);
        guest.allocateUnbound(PORT);
        guest.write(FRONTEND + "state", "6");

        assertThat(guest.takeEvents(PORT)).isZero();
        assertThat(guest.isConnected(PORT)).isFalse();
        connectAgain();
        assertThat(guest.isConnected(PORT)).isTrue();
    }

    private void connectAgain() throws MalformedRingException {
        guest.write(FRONTEND + "state", "1");
        connect();
    }

    @Test
    void sectorsAreWrittenAndReadBack() throws MalformedRingException {
        connect();
        GuestEnd.Shared one = guest.share();
        GuestEnd.Shared two = guest.share();
        byte[] content = new byte[4096];
        new Random(1).nextBytes(content);
        one.page().write(0, content, 0, 4096);
        two.page().write(0, content, 0, 4096);

        assertThat(request(WRITE, 8, new Segment(one.reference(), 0, 7), new Segment(two.reference(), 2, 3)))
                .isZero();
        assertThat(Arrays.copyOfRange(disk.bytes, 8 * 512, 16 * 512)).isEqualTo(content);
        assertThat(Arrays.copyOfRange(disk.bytes, 16 * 512, 18 * 512))
                .isEqualTo(Arrays.copyOfRange(content, 1024, 2048));
        assertThat(disk.bytes[18 * 512]).isZero();

        GuestEnd.Shared back = guest.share();
        assertThat(request(READ, 9, new Segment(back.reference(), 1, 4))).isZero();
        byte[] read = new byte[4096];
        back.page().read(0, read, 0, 4096);
        assertThat(Arrays.copyOfRange(read, 512, 5 * 512)).isEqualTo(Arrays.copyOfRange(disk.bytes, 9 * 512, 13 * 512));
        assertThat(read[0]).isZero();
        assertThat(request(FLUSH, 0)).isZero();
        assertThat(guest.memory.allUses()).as("the ring alone stays in use").isEqualTo(1);
    }

    @Test
    void whatIsNotOfferedIsNotSupported() throws MalformedRingException {
        connect();
        assertThat(request(DISCARD, 0)).isEqualTo(-2);
        assertThat(request(6, 0)).isEqualTo(-2);
        assertThat(request(255, 0)).isEqualTo(-2);
    }

    @Test
    void requestsThatMakeNoSenseFailAndChangeNothing() throws MalformedRingException {
        connect();
        GuestEnd.Shared page = guest.share();
        page.page().writeInt(0, -1);
        int reference = page.reference();
        assertThat(request(WRITE, 0)).isEqualTo(-1);
        assertThat(request(WRITE, 0, new Segment(reference, 0, 8))).isEqualTo(-1);
        assertThat(request(WRITE, 0, new Segment(reference, 3, 2))).isEqualTo(-1);
        assertThat(request(WRITE, SECTORS - 7, new Segment(reference, 0, 7))).isEqualTo(-1);
        assertThat(request(WRITE, Long.MAX_VALUE, new Segment(reference, 0, 0))).isEqualTo(-1);
        assertThat(request(WRITE, Long.MIN_VALUE, new Segment(reference, 0, 0))).isEqualTo(-1);
        assertThat(request(WRITE, 0, new Segment(4000, 0, 0))).isEqualTo(-1);
        Segment[] many = new Segment[12];
        Arrays.fill(many, new Segment(reference, 0, 0));
        assertThat(request(WRITE, 0, many)).isEqualTo(-1);

        assertThat(disk.bytes).containsOnly((byte) 0);
        assertThat(guest.memory.allUses()).isEqualTo(1);
    }

    @Test
    void aReadOnlyDiskIsNotWritten() throws MalformedRingException {
        disk.readOnly = true;
        connect();
        GuestEnd.Shared page = guest.share();

        assertThat(guest.read(BACKEND + "info")).isEqualTo("4");
        assertThat(request(WRITE, 0, new Segment(page.reference(), 0, 0))).isEqualTo(-1);
        assertThat(request(READ, 0, new Segment(page.reference(), 0, 0))).isZero();
    }

    @Test
    void aRingThatMakesNoSenseClosesTheDevice() throws MalformedRingException {
        connect();
        ring.page().writeInt(0, 33);
        guest.sendEvent(PORT);

        assertThat(guest.read(BACKEND + "state")).isEqualTo("5");
        assertThat(guest.isConnected(PORT)).isFalse();
        assertThat(guest.memory.allUses()).isZero();
        guest.write(FRONTEND + "state", "6");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("6");
    }

    @Test
    void anotherDriverMayFollow() throws MalformedRingException {
        connect();
        guest.write(FRONTEND + "state", "5");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("5");
        guest.write(FRONTEND + "state", "6");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("6");
        assertThat(guest.memory.allUses()).isZero();
        guest.write(FRONTEND + "state", "1");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("2");

        ring = guest.share();
        connect();
        assertThat(guest.read(BACKEND + "state")).isEqualTo("4");
        GuestEnd.Shared page = guest.share();
        produced = 0;
        assertThat(request(READ, 0, new Segment(page.reference(), 0, 0))).isZero();
    }

    @Test
    void aFrontEndThatSaysNonsenseIsNotConnected() throws MalformedRingException {
        guest.write(FRONTEND + "state", "3");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("5");
        guest.write(FRONTEND + "state", "6");
        guest.write(FRONTEND + "state", "1");
        guest.write(FRONTEND + "ring-ref", "99999");
        guest.write(FRONTEND + "event-channel", "-1");
        guest.write(FRONTEND + "state", "3");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("5");
        guest.write(FRONTEND + "state", "6");
        guest.write(FRONTEND + "state", "1");
        guest.write(FRONTEND + "ring-ref", ring.reference());
        guest.write(FRONTEND + "state", "3");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("5");
        assertThat(guest.memory.allUses()).isZero();
        guest.write(FRONTEND + "state", "nonsense");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("6");
    }

    @Test
    void noiseHarmsNobody() throws MalformedRingException {
        connect();
        guest.share();
        long seed = 12;
        Random random = new Random(seed);
        byte[] noise = new byte[112];
        for (int i = 0; i < 10_000; i++) {
            random.nextBytes(noise);
            noise[0] = (byte) random.nextInt(4);
            noise[1] = (byte) random.nextInt(13);
            if (random.nextBoolean()) {
                Arrays.fill(noise, 16, 24, (byte) 0);
                Arrays.fill(noise, 25, 28, (byte) 0);
            }
            ring.page().write(64 + (produced % 32) * 112, noise, 0, 112);
            ring.page().writeInt(0, ++produced);
            guest.sendEvent(PORT);
        }
        assertThat(guest.read(BACKEND + "state")).isEqualTo("4");
        assertThat(guest.memory.allUses()).isEqualTo(1);
    }
}
