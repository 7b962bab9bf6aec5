package dev.simvisor.controller.web;

import com.google.protobuf.ByteString;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.ClusterControl.Subscription;
import dev.simvisor.controller.web.Outbox.Batch;
import dev.simvisor.proto.api.ConsoleOutput;
import io.javalin.websocket.WsConfig;
import io.javalin.websocket.WsContext;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One browser at a VM's console. What the guest says is sent as it is, in binary messages; what the browser sends is typed. Text
 * messages to the browser are JSON: {@code {"dropped": BYTES}} where it does not get all, and {@code {"ended": true}} in the end.
 */
final class ConsoleSocket extends BrowserSocket<ByteString> {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleSocket.class);
    private static final int MOST_WAITING_BYTES = 1 << 20;

    /** What a piece takes beside its bytes, about: a guest may say a byte at a time. */
    private static final int PIECE_BYTES = 64;

    /** Of what has been said before, and of one message. */
    private static final int MOST_BYTES = 64 << 10;

    private static final int TYPE_SECONDS = 10;

    private final ClusterControl cluster;
    private final String vm;
    private @Nullable Subscription output;
    private boolean gone;

    private ConsoleSocket(WsContext browser, ClusterControl cluster, String vm) {
        super(browser, new Outbox<>(MOST_WAITING_BYTES, said -> said.size() + PIECE_BYTES, ByteString::size));
        this.cluster = cluster;
        this.vm = vm;
    }

    static void route(WsConfig route, ClusterControl cluster) {
        Map<String, ConsoleSocket> open = new ConcurrentHashMap<>();
        route.onConnect(browser -> {
            ConsoleSocket console = new ConsoleSocket(browser, cluster, browser.pathParam("vm"));
            open.put(browser.sessionId(), console);
            console.begin();
        });
        route.onMessage(browser -> {
            ConsoleSocket console = open.get(browser.sessionId());
            if (console != null) {
                console.type(browser.message());
            }
        });
        route.onClose(browser -> {
            ConsoleSocket console = open.remove(browser.sessionId());
            if (console != null) {
                console.closed();
            }
        });
    }

    private void begin() {
        open();
        listening(cluster.console(vm, true, this::said, this::end));
    }

    private synchronized void listening(Subscription subscription) {
        if (gone) {
            subscription.close();
        } else {
            output = subscription;
        }
    }

    private void said(ConsoleOutput said) {
        ByteString bytes = said.getBytes();
        put(bytes.substring(Math.max(0, bytes.size() - MOST_BYTES)));
    }

    /** The next message is taken only once this one is on its way to the host: a fast typist waits. */
    private void type(String text) throws InterruptedException {
        try {
            cluster.type(vm, text.getBytes(StandardCharsets.UTF_8)).get(TYPE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException refused) {
            LOG.debug("nobody is there to type to", refused); // the VM has just ended, or is not there yet
        } catch (TimeoutException timeStands) {
            LOG.debug("what was typed to {} is on its way yet", vm);
        }
    }

    @Override
    void begun() {}

    @Override
    void send(Batch<ByteString> batch) throws InterruptedException, ExecutionException, TimeoutException {
        if (batch.dropped() > 0) {
            sendText("{\"dropped\":" + batch.dropped() + "}");
        }
        sendBytes(ByteString.copyFrom(batch.items()).asReadOnlyByteBuffer());
    }

    @Override
    void ended() throws InterruptedException, ExecutionException, TimeoutException {
        sendText("{\"ended\":true}");
    }

    @Override
    synchronized void hungUp() {
        gone = true;
        if (output != null) {
            output.close();
            output = null;
        }
    }
}
