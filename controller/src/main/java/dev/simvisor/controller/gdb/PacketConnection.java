package dev.simvisor.controller.gdb;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * The connection to one debugger: packets with their checksums, acknowledgements and escapes (GDB manual, E.1). What cannot be
 * sent any more is dropped, as the reading side says that the debugger has gone.
 */
final class PacketConnection implements AutoCloseable {
    /** Bytes of a packet that debuggers are told to keep to. */
    static final int LARGEST_PACKET = 1 << 14;

    private static final int START = '$';
    private static final int END = '#';
    private static final int ESCAPE = '}';
    private static final int ESCAPED_BY = 0x20;
    private static final int INTERRUPT = 3;
    private static final String TO_ESCAPE = "$#}*";

    private final Socket socket;
    private final InputStream input;
    private final OutputStream output;
    private volatile boolean acknowledges = true;
    private String lastSent = "";

    PacketConnection(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        input = new BufferedInputStream(socket.getInputStream());
        output = new BufferedOutputStream(socket.getOutputStream());
    }

    /** Reads until the debugger has gone, or sends what is no packet. */
    void read(Consumer<Event> events) {
        try (socket) {
            events.accept(new Event.Connected(this));
            for (int next = input.read(); next >= 0; next = input.read()) {
                switch (next) {
                    case START -> readPacket(events);
                    case INTERRUPT -> events.accept(new Event.Interrupt(this));
                    case '-' -> resend();
                    default -> {} // Acknowledgements, and noise between packets.
                }
            }
        } catch (IOException gone) {
            // As good as its end.
        } finally {
            events.accept(new Event.Disconnected(this));
        }
    }

    private void readPacket(Consumer<Event> events) throws IOException {
        StringBuilder text = new StringBuilder();
        int sum = 0;
        for (int next = input.read(); next != END; next = input.read()) {
            sum += next;
            if (next == ESCAPE) {
                next = input.read();
                sum += next;
                next ^= ESCAPED_BY;
            }
            if (next < 0 || text.length() > LARGEST_PACKET) throw new IOException("no packet of the protocol");
            text.append((char) next);
        }
        boolean right = (Character.digit(input.read(), 16) << 4 | Character.digit(input.read(), 16)) == (sum & 0xFF);
        if (acknowledges) put(right ? "+" : "-");
        if (right) events.accept(new Event.Packet(this, text.toString()));
    }

    /** From now on nothing is acknowledged. */
    void stopAcknowledging() {
        acknowledges = false;
    }

    /** Sends a packet with contents of a byte for each character. */
    void send(String text) {
        StringBuilder packet = new StringBuilder("$");
        int sum = 0;
        for (char plain : text.toCharArray()) {
            boolean escaped = TO_ESCAPE.indexOf(plain) >= 0;
            if (escaped) {
                packet.append((char) ESCAPE);
                sum += ESCAPE;
            }
            char sent = escaped ? (char) (plain ^ ESCAPED_BY) : plain;
            packet.append(sent);
            sum += sent;
        }
        String whole = packet + "#" + "%02x".formatted(sum & 0xFF);
        synchronized (output) {
            lastSent = whole;
        }
        put(whole);
    }

    private void resend() {
        String again;
        synchronized (output) {
            again = lastSent;
        }
        put(again);
    }

    private void put(String bytes) {
        synchronized (output) {
            try {
                output.write(bytes.getBytes(StandardCharsets.ISO_8859_1));
                output.flush();
            } catch (IOException gone) {
                // The reading side notices, too.
            }
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException closed) {
            // It is of no use either way.
        }
    }
}
