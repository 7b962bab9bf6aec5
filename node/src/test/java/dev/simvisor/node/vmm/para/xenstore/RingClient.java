package dev.simvisor.node.vmm.para.xenstore;

import dev.simvisor.node.vmm.para.ring.ByteRing;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The guest's end of the store's ring. */
public final class RingClient {
    private static final int REQUEST = 77;

    private final ByteRing requests;
    private final ByteRing answers;
    private final Runnable sendEvent;
    private final ByteArrayOutputStream unread = new ByteArrayOutputStream();

    public RingClient(SharedPage page, Runnable sendEvent) {
        this.requests = new ByteRing(page, 0, 1024, 2048, 2052);
        this.answers = new ByteRing(page, 1024, 1024, 2056, 2060);
        this.sendEvent = sendEvent;
    }

    ByteRing requests() {
        return requests;
    }

    /** Sends a message, with an event whenever the ring is full, and returns all that came back. */
    public List<String> ask(int type, int transaction, String payload) throws MalformedRingException {
        byte[] bytes = new Message(type, REQUEST, transaction, payload.getBytes(StandardCharsets.ISO_8859_1)).bytes();
        for (int sent = 0; sent < bytes.length; ) {
            sent += requests.put(bytes, sent, bytes.length - sent);
            sendEvent.run();
        }
        return received();
    }

    /** The value of a node, or the error's name. */
    public String read(String path) throws MalformedRingException {
        String answer = ask(2, 0, path + "\0").stream()
                .filter(message -> message.contains(" 77 "))
                .findFirst()
                .orElseThrow();
        return answer.substring(answer.indexOf(" 0 ") + 3);
    }

    public void write(String path, String value) throws MalformedRingException {
        if (!ask(11, 0, path + "\0" + value).contains("WRITE 77 0 OK|")) {
            throw new AssertionError(path + " cannot be written");
        }
    }

    /** All messages that are there. */
    public List<String> received() throws MalformedRingException {
        byte[] buffer = new byte[1024];
        int count = answers.take(buffer, 0, buffer.length);
        while (count > 0) {
            unread.write(buffer, 0, count);
            sendEvent.run();
            count = answers.take(buffer, 0, buffer.length);
        }
        ByteBuffer all = ByteBuffer.wrap(unread.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        unread.reset();
        List<String> messages = new ArrayList<>();
        while (all.hasRemaining()) {
            int type = all.getInt();
            int request = all.getInt();
            int transaction = all.getInt();
            byte[] payload = new byte[all.getInt()];
            all.get(payload);
            String text = new String(payload, StandardCharsets.ISO_8859_1).replace('\0', '|');
            messages.add(MessageType.of(type) + " " + request + " " + transaction + " " + text);
        }
        return messages;
    }
}
