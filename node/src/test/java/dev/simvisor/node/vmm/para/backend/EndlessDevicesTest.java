package dev.simvisor.node.vmm.para.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.disk.DiskInMemory;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Three disks, each of which reads the next disk's ring as it was before anything was answered, and what is asked of the store
 * next: that the next disk is connected, itself closed and the one before opened anew, for ever. A guest may set this up, but
 * not keep the VMM busy with it.
 */
final class EndlessDevicesTest {
    private static final int PAGE = 4096;
    private static final byte LAST_SECTOR = 7;
    private static final int DISKS = 3;
    private static final int FAR_TOO_OFTEN = 10_000;
    private static final int WRITE_NODE = 11;
    private static final String INITIALISING = "1";
    private static final String INITIALISED = "3";
    private static final String CLOSED = "6";

    private final GuestEnd guest = new GuestEnd();
    private int reads;

    /** Says how often it is read. */
    private final class CountedDisk extends DiskInMemory {
        CountedDisk(byte[] toStore, byte[] toRing) {
            super(2 * PAGE);
            write(0, toStore, 0, PAGE);
            write(PAGE, toRing, 0, PAGE);
        }

        @Override
        public void read(long position, byte[] target, int offset, int length) {
            assertThat(++reads).isLessThan(FAR_TOO_OFTEN);
            super.read(position, target, offset, length);
        }
    }

    @Test
    void devicesThatKeepOneAnotherBusyRestUntilTheGuestsNextEvent() throws MalformedRingException {
        GuestEnd.Shared store = guest.shareStore();
        List<GuestEnd.Shared> rings = List.of(guest.share(), guest.share(), guest.share());
        for (int number = 0; number < DISKS; number++) {
            int next = (number + 1) % DISKS;
            byte[] asked =
                    page(state(next, INITIALISED), state(number, CLOSED), state((number + 2) % DISKS, INITIALISING));
            guest.backends.addDisk(new CountedDisk(asked, ring(store, rings.get((next + 1) % DISKS))));
            rings.get(number).page().write(0, ring(store, rings.get(next)), 0, PAGE);
            guest.allocateUnbound(number + 5);
            guest.write(frontend(number) + "ring-ref", rings.get(number).reference());
            guest.write(frontend(number) + "event-channel", number + 5);
        }
        store.page().write(0, page(state(0, INITIALISED)), 0, PAGE);
        guest.backends.storeEvent();

        int first = reads;
        assertThat(first).isGreaterThan(DISKS);
        guest.backends.storeEvent();
        assertThat(reads).as("after another event").isGreaterThan(first);
    }

    private static String frontend(int number) {
        return "device/vbd/" + (51712 + 16 * number) + "/";
    }

    private static byte[] state(int number, String state) {
        byte[] payload = (frontend(number) + "state\0" + state).getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(16 + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(WRITE_NODE)
                .putInt(0)
                .putInt(0)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    /** The store's page with requests that nobody has taken, and no answers. */
    private static byte[] page(byte[]... messages) {
        ByteBuffer page = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
        for (byte[] message : messages) page.put(message);
        return page.putInt(2052, page.position()).array();
    }

    /** A ring with one request that waits: to read both of the disk's pages. */
    private static byte[] ring(GuestEnd.Shared first, GuestEnd.Shared second) {
        ByteBuffer page =
                ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 1);
        ByteBuffer request = page.slice(64, 112).order(ByteOrder.LITTLE_ENDIAN).put(1, (byte) 2);
        request.putInt(24, first.reference()).put(29, LAST_SECTOR);
        request.putInt(32, second.reference()).put(37, LAST_SECTOR);
        return page.array();
    }
}
