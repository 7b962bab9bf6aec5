package dev.simvisor.node.vmm.para.xenstore;

import dev.simvisor.node.vmm.para.ring.ByteRing;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.SequencedSet;

/**
 * A guest's connection to the store: messages over the ring page (Xen, {@code io/xs_wire.h}: {@code
 * xenstore_domain_interface}).
 *
 * <p>No request is taken while something waits to be sent: a guest that reads no answers gets no more of them, and what
 * waits for it is bounded by what one request can cause.
 */
public final class StoreConnection {
    // struct xenstore_domain_interface
    private static final int REQUESTS = 0;
    private static final int ANSWERS = 1024;
    private static final int RING_BYTES = 1024;
    private static final int REQUESTS_CONSUMED = 2048;
    private static final int REQUESTS_PRODUCED = 2052;
    private static final int ANSWERS_CONSUMED = 2056;
    private static final int ANSWERS_PRODUCED = 2060;
    private static final int SERVER_FEATURES = 2064;
    private static final int CONNECTION = 2068;
    private static final int ERROR = 2072;

    private static final int FEATURE_ERROR = 2; // the page has the field ERROR
    private static final int CONNECTED = 0;
    private static final int ERROR_RING_INDEX = 2;
    private static final int ERROR_PROTOCOL = 3; // a payload that is too long

    private final SharedPage page;
    private final Runnable notifyGuest;
    private final ByteRing requests;
    private final ByteRing answers;
    private final StoreSession session;
    private final StoreRequests handler;

    /** What is to be sent before any event, and how much of the first of it is sent. */
    private final ArrayDeque<byte[]> unsent = new ArrayDeque<>();

    private int sentOfFirst;

    /** Events that wait; one that waits already is not sent twice. */
    private final SequencedSet<WatchEvent> events = new LinkedHashSet<>();

    private final byte[] header = new byte[Message.HEADER_BYTES];
    private byte[] payload = new byte[0];
    private int received;
    private boolean closed;

    /**
     * Connects a domain.
     *
     * @param page the ring page
     * @param notifyGuest sends an event over the store's channel
     */
    public StoreConnection(XenStore store, int domain, SharedPage page, Runnable notifyGuest) {
        this.page = page;
        this.notifyGuest = notifyGuest;
        this.requests = new ByteRing(page, REQUESTS, RING_BYTES, REQUESTS_CONSUMED, REQUESTS_PRODUCED);
        this.answers = new ByteRing(page, ANSWERS, RING_BYTES, ANSWERS_CONSUMED, ANSWERS_PRODUCED);
        this.session = store.open(domain, this::onEvent);
        this.handler = new StoreRequests(session, message -> unsent.add(message.bytes()));
        page.writeInt(SERVER_FEATURES, FEATURE_ERROR);
        page.writeInt(CONNECTION, CONNECTED);
    }

    /** Whether the guest broke the protocol, after which the store does not hear it any more. */
    public boolean isClosed() {
        return closed;
    }

    /** Says what is on its way in it, in words. */
    public void describe(StringBuilder text) {
        HexFormat hex = HexFormat.of();
        text.append(closed ? "closed" : "open").append(" events ").append(events);
        text.append(" received ").append(received).append(" of ").append(hex.formatHex(header));
        if (received > header.length) text.append(hex.formatHex(payload, 0, received - header.length));
        text.append(" sent ").append(sentOfFirst).append(" of");
        unsent.forEach(message -> text.append(' ').append(hex.formatHex(message)));
        text.append('\n');
    }

    private void onEvent(WatchEvent event) {
        events.add(event);
    }

    /** Sends what waits and takes requests, as long as either goes. Called at the guest's events and after changes. */
    public void serve() {
        if (closed) {
            return;
        }
        boolean moved = false;
        try {
            boolean again = true;
            while (again) {
                boolean sent = send();
                boolean took = unsent.isEmpty() && take();
                again = sent || took;
                moved |= again;
            }
        } catch (MalformedRingException _) {
            close(ERROR_RING_INDEX);
            moved = true;
        }
        if (moved) {
            notifyGuest.run();
        }
    }

    private boolean send() throws MalformedRingException {
        boolean moved = false;
        while (!unsent.isEmpty() || !events.isEmpty()) {
            if (unsent.isEmpty()) {
                queue(events.removeFirst());
                continue;
            }
            byte[] message = unsent.getFirst();
            int sent = answers.put(message, sentOfFirst, message.length - sentOfFirst);
            if (sent == 0) {
                return moved;
            }
            moved = true;
            sentOfFirst += sent;
            if (sentOfFirst == message.length) {
                unsent.removeFirst();
                sentOfFirst = 0;
            }
        }
        return moved;
    }

    private void queue(WatchEvent event) {
        byte[] text = Payload.of(event.path(), event.token());
        if (text.length <= Message.MOST_PAYLOAD) {
            unsent.add(new Message(MessageType.WATCH_EVENT.number(), 0, 0, text).bytes());
        }
    }

    /** Takes what there is of a request, and does it once it is whole. */
    private boolean take() throws MalformedRingException {
        if (received < header.length) {
            int count = requests.take(header, received, header.length - received);
            received += count;
            if (received < header.length) {
                return count > 0;
            }
            int length = fields().getInt(12);
            if (length < 0 || length > Message.MOST_PAYLOAD) {
                close(ERROR_PROTOCOL);
                return false;
            }
            payload = new byte[length];
        }
        int at = received - header.length;
        int count = requests.take(payload, at, payload.length - at);
        received += count;
        if (received == header.length + payload.length) {
            received = 0;
            handler.handle(new Message(fields().getInt(0), fields().getInt(4), fields().getInt(8), payload));
            return true;
        }
        return count > 0;
    }

    private ByteBuffer fields() {
        return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void close(int error) {
        closed = true;
        session.close();
        unsent.clear();
        events.clear();
        page.writeInt(ERROR, error);
    }
}
