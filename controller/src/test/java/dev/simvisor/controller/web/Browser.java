package dev.simvisor.controller.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Asks a web server what a browser would ask. */
final class Browser implements AutoCloseable {
    private static final int SECONDS = 60;

    private final HttpClient client = HttpClient.newHttpClient();
    private final URI page;

    Browser(String url) {
        page = URI.create(url);
    }

    /** As the browser calls who asks. */
    String ownOrigin() {
        return "http://" + page.getAuthority();
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(page.resolve(path)).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return post(path, body, ownOrigin());
    }

    HttpResponse<String> post(String path, String body, String origin) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(page.resolve(path))
                        .header("Origin", origin)
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    /** A WebSocket that is read as messages come. */
    Socket open(String path) throws Exception {
        return open(path, ownOrigin());
    }

    Socket open(String path, String origin) throws Exception {
        Socket socket = new Socket();
        socket.connection = client.newWebSocketBuilder()
                .header("Origin", origin)
                .buildAsync(URI.create("ws://" + page.getAuthority() + path), socket)
                .get(SECONDS, TimeUnit.SECONDS);
        return socket;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    /** Messages as text, each when it is there in full. */
    static final class Socket implements WebSocket.Listener, AutoCloseable {
        private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
        private final StringBuilder part = new StringBuilder();
        private WebSocket connection;

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
            return received(socket, text, last);
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer bytes, boolean last) {
            return received(socket, StandardCharsets.UTF_8.decode(bytes), last);
        }

        private CompletionStage<?> received(WebSocket socket, CharSequence text, boolean last) {
            part.append(text);
            if (last) {
                messages.add(part.toString());
                part.setLength(0);
            }
            socket.request(1);
            return null;
        }

        void send(String text) throws Exception {
            connection.sendText(text, true).get(SECONDS, TimeUnit.SECONDS);
        }

        /** The next message that is as wanted; the ones before are let go. */
        String await(Predicate<String> wanted) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            String message = messages.poll(SECONDS, TimeUnit.SECONDS);
            while (message != null && !wanted.test(message)) {
                message = messages.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
            assertThat(message).as("a message as wanted").isNotNull();
            return message;
        }

        String next() throws InterruptedException {
            return await(message -> true);
        }

        @Override
        public void close() {
            connection.abort();
        }
    }
}
