package dev.simvisor.controller.gdb;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Listens for debuggers on this machine, and has one at a time. */
public final class GdbServer implements AutoCloseable {
    /** More than a debugger sends ahead: it waits for answers. */
    private static final int MOST_EVENTS = 256;

    private final ServerSocket socket;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>(MOST_EVENTS);

    private GdbServer(ServerSocket socket) {
        this.socket = socket;
    }

    /**
     * Listens from now on.
     *
     * @param port 0 for any that is free
     * @throws IOException when the port cannot be had
     */
    public static GdbServer listening(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1);
        } catch (IOException refused) {
            socket.close();
            throw refused;
        }
        GdbServer server = new GdbServer(socket);
        Thread.ofPlatform().daemon().name("debugger").start(server::accept);
        return server;
    }

    public int port() {
        return socket.getLocalPort();
    }

    /** What debuggers have sent, in that order. */
    BlockingQueue<Event> events() {
        return events;
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket debugger = socket.accept();
                new PacketConnection(debugger).read(this::keep);
            } catch (IOException failed) {
                // Closed, or a debugger that went at once: the next one may do better.
            }
        }
    }

    private void keep(Event event) {
        try {
            events.put(event);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
