package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.machine.network.NetworkPort;
import dev.simvisor.node.vmm.para.grant.GrantRefusedException;
import dev.simvisor.node.vmm.para.grant.GrantedFrame;
import dev.simvisor.node.vmm.para.ring.BackRing;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The frames that a guest sends (Xen, {@code io/netif.h}: {@code netif_tx_request}). A frame is one request or several, of
 * which the first says the size of the whole; requests with extra information may follow the first.
 */
final class TransmitRing {
    // struct netif_tx_request and netif_tx_response
    private static final int SLOT_BYTES = 12;
    private static final int OFFSET = 4;
    private static final int FLAGS = 6;
    private static final int ID = 8;
    private static final int SIZE = 10;
    private static final int RESPONSE_STATUS = 2;

    // NETTXF_
    private static final int CHECKSUM_BLANK = 1;
    private static final int MORE_DATA = 1 << 2;
    private static final int EXTRA_INFO = 1 << 3;

    // struct netif_extra_info
    private static final int EXTRA_FLAGS = 1;
    private static final int MORE_EXTRAS = 1;

    // NETIF_RSP_
    private static final short ERROR = -1;
    private static final short OKAY = 0;
    private static final short NO_ANSWER = 1;

    /** What every front end may use for a frame (XEN_NETIF_NR_SLOTS_MIN). */
    private static final int MOST_SLOTS = 18;

    /** One request: {@code size} bytes at {@code offset} of the granted frame. */
    private record Slot(int reference, int offset, int flags, short id, int size) {
        Slot ofSize(int other) {
            return new Slot(reference, offset, flags, id, other);
        }
    }

    private final BackRing ring;
    private final GrantUse grants;
    private final Consumer<byte[]> frames;
    private final byte[] request = new byte[SLOT_BYTES];
    private final ByteBuffer fields = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);

    TransmitRing(SharedPage page, GrantUse grants, Consumer<byte[]> frames) throws MalformedRingException {
        this.ring = new BackRing(page, SLOT_BYTES);
        this.grants = grants;
        this.frames = frames;
    }

    /** Takes all frames there are, and says whether the guest wants to know. */
    boolean serve() throws MalformedRingException {
        boolean eventWanted = false;
        do {
            while (ring.take(request)) {
                takeFrame();
            }
            eventWanted |= ring.push();
        } while (ring.askForEvent() > 0);
        return eventWanted;
    }

    private void takeFrame() throws MalformedRingException {
        Slot first = slot();
        int extras = (first.flags() & EXTRA_INFO) == 0 ? 0 : takeExtras();
        List<Slot> slots = takeSlots(first);
        // Extra information is about offloads, of which none was offered.
        boolean good = extras == 0 && NetworkPort.carries(first.size());
        byte[] frame = new byte[good ? first.size() : 0];
        good = good && gather(slots, frame);

        respond(first.id(), good ? OKAY : ERROR);
        for (int i = 0; i < extras; i++) {
            respond((short) 0, NO_ANSWER);
        }
        for (Slot slot : slots.subList(1, slots.size())) {
            respond(slot.id(), good ? OKAY : ERROR);
        }
        if (good) {
            if ((first.flags() & CHECKSUM_BLANK) != 0) {
                TransportChecksum.complete(frame);
            }
            frames.accept(frame);
        }
    }

    private Slot slot() {
        return new Slot(
                fields.getInt(0),
                fields.getShort(OFFSET) & 0xFFFF,
                fields.getShort(FLAGS),
                fields.getShort(ID),
                fields.getShort(SIZE) & 0xFFFF);
    }

    private int takeExtras() throws MalformedRingException {
        int count = 0;
        do {
            takeContinuation();
            count++;
        } while ((request[EXTRA_FLAGS] & MORE_EXTRAS) != 0);
        return count;
    }

    /** The first slot with its own size, and the others. */
    private List<Slot> takeSlots(Slot first) throws MalformedRingException {
        List<Slot> slots = new ArrayList<>();
        slots.add(first);
        int rest = first.size();
        while ((slots.getLast().flags() & MORE_DATA) != 0) {
            takeContinuation();
            Slot next = slot();
            rest -= next.size();
            slots.add(next);
            if (rest < 0 || slots.size() > MOST_SLOTS) {
                throw new MalformedRingException("a frame of more parts or bytes than it says");
            }
        }
        slots.set(0, first.ofSize(rest));
        for (Slot slot : slots) {
            if (slot.offset() + slot.size() > SharedPage.SIZE) {
                throw new MalformedRingException("part of a frame crosses the end of its page");
            }
        }
        return slots;
    }

    private void takeContinuation() throws MalformedRingException {
        if (!ring.take(request)) {
            throw new MalformedRingException("a frame that is not all on the ring");
        }
    }

    private boolean gather(List<Slot> slots, byte[] frame) {
        int done = 0;
        for (Slot slot : slots) {
            try (GrantedFrame source = grants.open(slot.reference(), false)) {
                source.page().read(slot.offset(), frame, done, slot.size());
            } catch (GrantRefusedException _) {
                return false;
            }
            done += slot.size();
        }
        return true;
    }

    private void respond(short id, short status) {
        ring.respond(ByteBuffer.allocate(SLOT_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(0, id)
                .putShort(RESPONSE_STATUS, status)
                .array());
    }

    String indices() {
        return ring.indices();
    }
}
