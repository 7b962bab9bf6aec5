package dev.simvisor.controller.gdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** The other end of the protocol, a byte at a time. */
final class RemoteClient implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;

    private final Socket socket;
    private final InputStream input;

    RemoteClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        input = socket.getInputStream();
    }

    /** The answer to a packet. */
    String ask(String packet) throws IOException {
        tell(packet);
        return awaitPacket();
    }

    /** Sends a packet, which is acknowledged. */
    void tell(String packet) throws IOException {
        raw(framed(packet));
        assertThat((char) input.read()).isEqualTo('+');
    }

    static String framed(String packet) {
        return "$" + packet + "#" + "%02x".formatted(packet.chars().sum() & 0xFF);
    }

    void raw(String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    int next() throws IOException {
        return input.read();
    }

    /** The next packet's contents, without escapes. */
    String awaitPacket() throws IOException {
        assertThat((char) input.read()).isEqualTo('$');
        StringBuilder text = new StringBuilder();
        int sum = 0;
        for (int next = input.read(); next != '#'; next = input.read()) {
            assertThat(next).as("in a packet").isNotNegative();
            sum += next;
            text.append((char) next);
        }
        String checksum = "" + (char) input.read() + (char) input.read();
        assertThat(checksum).isEqualTo("%02x".formatted(sum & 0xFF));
        raw("+");
        return text.toString();
    }

    /** What a monitor command says. */
    String monitor(String command) throws IOException {
        byte[] bytes = command.getBytes(StandardCharsets.UTF_8);
        return askForText("qRcmd," + HexFormat.of().formatHex(bytes));
    }

    /** The answer to a packet that is answered with text. */
    String askForText(String packet) throws IOException {
        return new String(HexFormat.of().parseHex(ask(packet)), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
