package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.vmm.para.grant.GrantRefusedException;
import dev.simvisor.node.vmm.para.grant.GrantedFrame;
import dev.simvisor.node.vmm.para.ring.BackRing;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Queue;

/** The buffers that a guest has for frames (Xen, {@code io/netif.h}: {@code netif_rx_request}), a page for each. */
final class ReceiveRing {
    // struct netif_rx_request and netif_rx_response
    private static final int SLOT_BYTES = 8;
    private static final int REFERENCE = 4;
    private static final int STATUS = 6;

    private static final short ERROR = -1; // NETIF_RSP_ERROR

    private final BackRing ring;
    private final GrantUse grants;
    private final byte[] request = new byte[SLOT_BYTES];
    private final ByteBuffer fields = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);

    ReceiveRing(SharedPage page, GrantUse grants) throws MalformedRingException {
        this.ring = new BackRing(page, SLOT_BYTES);
        this.grants = grants;
    }

    /** Puts waiting frames into buffers as long as there are both, and says whether the guest wants to know. */
    boolean deliver(Queue<byte[]> frames) throws MalformedRingException {
        boolean eventWanted = false;
        do {
            while (!frames.isEmpty() && ring.take(request)) {
                byte[] frame = frames.remove();
                ring.respond(response(put(frame)));
            }
            eventWanted |= ring.push();
        } while (ring.askForEvent() > 0 && !frames.isEmpty());
        return eventWanted;
    }

    /** The frame's length once it is in the buffer, or an error; then the frame is lost. */
    private short put(byte[] frame) {
        try (GrantedFrame target = grants.open(fields.getInt(REFERENCE), true)) {
            target.page().write(0, frame, 0, frame.length);
            return (short) frame.length;
        } catch (GrantRefusedException _) {
            return ERROR;
        }
    }

    private byte[] response(short status) {
        return ByteBuffer.allocate(SLOT_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(0, fields.getShort(0))
                .putShort(STATUS, status)
                .array();
    }

    String indices() {
        return ring.indices();
    }
}
