package dev.simvisor.controller.web;

import dev.simvisor.controller.web.Outbox.Batch;
import io.javalin.websocket.WsContext;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending side of a WebSocket: a thread of its own takes what is in the outbox and waits for the browser. A browser that takes
 * nothing for a while is hung up on.
 */
abstract class BrowserSocket<T> {
    private static final Logger LOG = LoggerFactory.getLogger(BrowserSocket.class);
    private static final int PATIENCE_SECONDS = 30;
    private static final int PING_SECONDS = 10;

    private final WsContext browser;
    private final Outbox<T> outbox;

    BrowserSocket(WsContext browser, Outbox<T> outbox) {
        this.browser = browser;
        this.outbox = outbox;
        browser.enableAutomaticPings(PING_SECONDS, TimeUnit.SECONDS);
    }

    /** Sends what comes first; called by the socket's own thread. */
    abstract void begun() throws InterruptedException, ExecutionException, TimeoutException;

    /** Sends what has come together; called by the socket's own thread. */
    abstract void send(Batch<T> batch) throws InterruptedException, ExecutionException, TimeoutException;

    /** Sends what comes last; called by the socket's own thread. */
    abstract void ended() throws InterruptedException, ExecutionException, TimeoutException;

    /** The browser has gone, or is to be forgotten. */
    abstract void hungUp();

    /** Begins to send. */
    final void open() {
        Thread.ofVirtual().name("browser " + browser.sessionId()).start(this::sendAll);
    }

    final void put(T item) {
        outbox.put(item);
    }

    /** No more is put in; the socket ends once the browser has everything. */
    final void end() {
        outbox.close();
    }

    private void sendAll() {
        boolean done = false;
        try {
            begun();
            Batch<T> batch = outbox.take();
            while (!batch.items().isEmpty()) {
                send(batch);
                batch = outbox.take();
            }
            ended();
            browser.closeSession();
            done = true;
        } catch (ExecutionException | TimeoutException | InterruptedException gone) {
            LOG.debug("a browser has gone", gone);
        } finally {
            if (!done) browser.session.disconnect();
            closed();
        }
    }

    /** To be called when the socket has been closed, by whomever. */
    final void closed() {
        browser.disableAutomaticPings();
        outbox.close();
        hungUp();
    }

    final void sendText(String text) throws InterruptedException, ExecutionException, TimeoutException {
        awaitSent(sent -> session().sendText(text, sent));
    }

    final void sendBytes(ByteBuffer bytes) throws InterruptedException, ExecutionException, TimeoutException {
        awaitSent(sent -> session().sendBinary(bytes, sent));
    }

    private Session session() {
        return browser.session;
    }

    private static void awaitSent(Consumer<Callback> sending)
            throws InterruptedException, ExecutionException, TimeoutException {
        Callback.Completable.with(sending::accept).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
}
