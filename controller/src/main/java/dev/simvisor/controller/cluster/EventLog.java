package dev.simvisor.controller.cluster;

import dev.simvisor.proto.api.Event;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** What happened in the cluster, in order, and who listens. Keeps the last {@value #KEPT}. */
final class EventLog {
    private static final int KEPT = 100_000;

    private final Deque<Event> events = new ArrayDeque<>();
    private final List<Consumer<Event>> listeners = new ArrayList<>();
    private long last;

    void add(long nowNanos, Event.Builder event) {
        Event numbered = event.setNumber(++last).setVirtualNanos(nowNanos).build();
        events.add(numbered);
        if (events.size() > KEPT) {
            events.remove();
        }
        for (Consumer<Event> listener : List.copyOf(listeners)) {
            listener.accept(numbered);
        }
    }

    ClusterControl.Subscription listen(long fromNumber, Consumer<Event> listener) {
        if (fromNumber > 0) {
            events.stream().filter(event -> event.getNumber() >= fromNumber).forEach(listener);
        }
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
