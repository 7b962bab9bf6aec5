package dev.simvisor.controller.web;

import dev.simvisor.controller.web.LiveCluster.News;
import dev.simvisor.controller.web.Outbox.Batch;
import io.javalin.websocket.WsConfig;
import io.javalin.websocket.WsContext;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * One open page: it is sent how things stand, then what is new. When it has missed some of that, it is sent how things stand
 * again, and told how much.
 */
final class PageSocket extends BrowserSocket<News> {
    private static final int MOST_WAITING_BYTES = 1 << 20;
    private static final int ANSWER_SECONDS = 10;

    private final LiveCluster live;
    private final Consumer<News> listener = this::put;

    private PageSocket(WsContext browser, LiveCluster live) {
        super(browser, new Outbox<>(MOST_WAITING_BYTES, News::bytes, news -> 1));
        this.live = live;
    }

    static void route(WsConfig route, LiveCluster live) {
        Map<String, PageSocket> open = new ConcurrentHashMap<>();
        route.onConnect(browser -> {
            PageSocket page = new PageSocket(browser, live);
            open.put(browser.sessionId(), page);
            page.begin();
        });
        route.onClose(browser -> {
            PageSocket page = open.remove(browser.sessionId());
            if (page != null) {
                page.closed();
            }
        });
    }

    private void begin() {
        live.join(listener);
        open();
    }

    @Override
    void begun() throws InterruptedException, ExecutionException, TimeoutException {
        sendSnapshot(0);
    }

    @Override
    void send(Batch<News> batch) throws InterruptedException, ExecutionException, TimeoutException {
        if (batch.dropped() > 0) {
            sendSnapshot(batch.dropped());
        }
        for (News news : batch.items()) {
            sendText(ApiJson.of(news));
        }
    }

    /** What is in the batch after it is older in part; the page comes to the same in the end. */
    private void sendSnapshot(long dropped) throws InterruptedException, ExecutionException, TimeoutException {
        sendText(ApiJson.of(live.snapshot().get(ANSWER_SECONDS, TimeUnit.SECONDS), dropped));
    }

    @Override
    void ended() {}

    @Override
    void hungUp() {
        live.leave(listener);
    }
}
