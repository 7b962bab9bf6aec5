package dev.simvisor.node.vmm.para.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.machine.network.NetworkPort;
import dev.simvisor.node.machine.network.VirtualSwitch;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class NetworkBackendTest {
    private static final int PORT = 6;
    private static final String FRONTEND = "device/vif/0/";
    private static final String BACKEND = "/local/domain/0/backend/vif/1/0/";
    private static final int CHECKSUM_BLANK = 1;
    private static final int MORE_DATA = 4;
    private static final int EXTRA_INFO = 8;

    private final VirtualSwitch network = new VirtualSwitch();
    private final List<byte[]> received = new ArrayList<>();
    private final NetworkPort other = network.connect(received::add);
    private final GuestEnd guest = new GuestEnd();
    private final GuestEnd.Shared txRing = guest.share();
    private final GuestEnd.Shared rxRing = guest.share();
    private int sent;
    private int buffers;

    private void connect() throws MalformedRingException {
        guest.backends.addCard(new MacAddress(0x00163E000001L), network);
        txRing.page().writeInt(12, 1);
        rxRing.page().writeInt(12, 1);
        guest.allocateUnbound(PORT);
        guest.write(FRONTEND + "tx-ring-ref", txRing.reference());
        guest.write(FRONTEND + "rx-ring-ref", rxRing.reference());
        guest.write(FRONTEND + "event-channel", PORT);
        guest.write(FRONTEND + "request-rx-copy", "1");
        guest.write(FRONTEND + "state", "4");
    }

    private void put(int reference, int offset, int flags, int size) {
        byte[] request = ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(reference)
                .putShort((short) offset)
                .putShort((short) flags)
                .putShort((short) (sent + 100))
                .putShort((short) size)
                .array();
        txRing.page().write(64 + 12 * (sent++ % 256), request, 0, 12);
    }

    private void send() {
        txRing.page().writeInt(0, sent);
        guest.sendEvent(PORT);
    }

    /** The response to the request that was put as number {@code index}, as its id and status. */
    private List<Integer> response(int index) {
        int word = txRing.page().readInt(64 + 12 * (index % 256));
        return List.of(word & 0xFFFF, word >> 16);
    }

    private static byte[] frame(int length) {
        byte[] frame = new byte[length];
        new Random(length).nextBytes(frame);
        Arrays.fill(frame, 0, 6, (byte) -1);
        frame[6] = 0;
        return frame;
    }

    @Test
    void theTwoEndsMeetOverTheStore() throws MalformedRingException {
        connect();

        assertThat(guest.read(FRONTEND + "mac")).isEqualTo("00:16:3e:00:00:01");
        assertThat(guest.read(BACKEND + "feature-rx-copy")).isEqualTo("1");
        assertThat(guest.read(BACKEND + "state")).isEqualTo("4");
        assertThat(guest.isConnected(PORT)).isTrue();
    }

    @Test
    void aFrameOfSeveralPartsIsSentInOne() throws MalformedRingException {
        connect();
        byte[] frame = frame(1000);
        GuestEnd.Shared head = guest.share();
        GuestEnd.Shared tail = guest.share();
        head.page().write(3900, frame, 0, 196);
        tail.page().write(0, frame, 196, 804);
        put(head.reference(), 3900, MORE_DATA, 1000);
        put(tail.reference(), 0, 0, 804);
        send();

        assertThat(received).hasSize(1);
        assertThat(received.getFirst()).isEqualTo(frame);
        assertThat(response(0)).containsExactly(100, 0);
        assertThat(response(1)).containsExactly(101, 0);
        assertThat(guest.takeEvents(PORT)).isEqualTo(1);
        assertThat(guest.memory.allUses()).isEqualTo(2);
    }

    @Test
    void aChecksumLeftToTheCardIsFilledIn() throws MalformedRingException {
        connect();
        byte[] frame = udp();
        GuestEnd.Shared page = guest.share();
        page.page().write(0, frame, 0, frame.length);
        put(page.reference(), 0, CHECKSUM_BLANK, frame.length);
        send();

        byte[] got = received.getFirst();
        assertThat(got[40] & 0xFF).isEqualTo(0xa7);
        assertThat(got[41] & 0xFF).isEqualTo(0xfc);
    }

    /** 10.0.0.1 to 10.0.0.2, UDP from port 1 to port 2, "hello", with the sum of the pseudo-header in the checksum's place. */
    private static byte[] udp() {
        ByteBuffer frame = ByteBuffer.allocate(47);
        frame.put(new byte[11]).put((byte) 1).putShort((short) 0x0800);
        frame.put((byte) 0x45).put((byte) 0).putShort((short) 33).putInt(0);
        frame.put((byte) 64)
                .put((byte) 17)
                .putShort((short) 0)
                .putInt(0x0A00_0001)
                .putInt(0x0A00_0002);
        // 0a00 + 0001 + 0a00 + 0002 + protocol 17 + length 13
        frame.putShort((short) 1).putShort((short) 2).putShort((short) 13).putShort((short) 0x1421);
        frame.put("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        return frame.array();
    }

    @Test
    void framesThatCannotBeReadFail() throws MalformedRingException {
        connect();
        put(4000, 0, 0, 100);
        put(guest.share().reference(), 0, 0, 13);
        put(guest.share().reference(), 0, 0, 4096);
        put(guest.share().reference(), 0, EXTRA_INFO, 100);
        put(1, 0, 0, 0);
        send();

        assertThat(received).isEmpty();
        assertThat(response(0)).containsExactly(100, -1);
        assertThat(response(1)).containsExactly(101, -1);
        assertThat(response(2)).containsExactly(102, -1);
        assertThat(response(3)).containsExactly(103, -1);
        assertThat(response(4)).containsExactly(0, 1);
    }

    @Test
    void aFrameThatIsNotAllThereClosesTheDevice() throws MalformedRingException {
        connect();
        put(guest.share().reference(), 0, MORE_DATA, 100);
        send();

        assertThat(guest.read(BACKEND + "state")).isEqualTo("5");
        assertThat(guest.memory.allUses()).isZero();
    }

    @Test
    void framesGoIntoBuffersAndWaitForThem() throws MalformedRingException {
        connect();
        guest.takeEvents(PORT);
        other.send(frame(60));
        other.send(frame(61));
        assertThat(guest.takeEvents(PORT)).isZero();

        GuestEnd.Shared buffer = guest.share();
        buffer(buffer.reference());
        guest.sendEvent(PORT);
        assertThat(guest.takeEvents(PORT)).isEqualTo(1);
        assertThat(rxResponse(0)).containsExactly(200, 60);
        byte[] got = new byte[60];
        buffer.page().read(0, got, 0, 60);
        assertThat(got).isEqualTo(frame(60));

        buffer(4000);
        guest.sendEvent(PORT);
        assertThat(rxResponse(1)).containsExactly(201, -1);
    }

    private void buffer(int reference) {
        rxRing.page().writeInt(64 + 8 * buffers, buffers + 200);
        rxRing.page().writeInt(68 + 8 * buffers, reference);
        rxRing.page().writeInt(0, ++buffers);
        rxRing.page().writeInt(12, buffers);
    }

    private List<Integer> rxResponse(int index) {
        assertThat(rxRing.page().readInt(8)).isGreaterThan(index);
        return List.of(
                rxRing.page().readInt(64 + 8 * index) & 0xFFFF, rxRing.page().readInt(68 + 8 * index) >> 16);
    }

    @Test
    void framesAreDroppedWithoutAFrontEndOrWhenTooManyWait() throws MalformedRingException {
        other.send(frame(60));
        connect();
        for (int i = 0; i < 300; i++) {
            other.send(frame(64));
        }
        int shared = guest.share().reference();
        for (int i = 0; i < 256; i++) {
            buffer(shared);
        }
        guest.sendEvent(PORT);
        assertThat(rxRing.page().readInt(8)).isEqualTo(256);
        assertThat(rxResponse(0)).containsExactly(200, 64);
    }
}
