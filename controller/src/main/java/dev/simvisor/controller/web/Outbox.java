package dev.simvisor.controller.web;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * What waits to be sent to a browser. Whoever puts something in never waits; when there is too much of it, all that waits is
 * dropped in favour of what is newer.
 */
final class Outbox<T> {
    /**
     * What is to be sent next; empty when the outbox has been closed.
     *
     * @param dropped how much has been dropped before it, as it is counted for the browser
     */
    record Batch<T>(long dropped, List<T> items) {}

    private final long mostWeight;
    private final ToIntFunction<T> weightOf;
    private final ToIntFunction<T> countOf;
    private final Deque<T> waiting = new ArrayDeque<>();
    private long weight;
    private long count;
    private long dropped;
    private boolean closed;

    /**
     * An empty one.
     *
     * @param mostWeight of all that waits together
     * @param weightOf what an item takes of memory
     * @param countOf what an item counts for when it is dropped
     */
    Outbox(long mostWeight, ToIntFunction<T> weightOf, ToIntFunction<T> countOf) {
        this.countOf = countOf;
        this.mostWeight = mostWeight;
        this.weightOf = weightOf;
    }

    synchronized void put(T item) {
        if (closed) {
            return;
        }
        int more = weightOf.applyAsInt(item);
        if (weight + more > mostWeight) {
            dropped += count;
            weight = 0;
            count = 0;
            waiting.clear();
        }
        waiting.add(item);
        weight += more;
        count += countOf.applyAsInt(item);
        notifyAll();
    }

    /** Waits until there is something. */
    synchronized Batch<T> take() throws InterruptedException {
        while (waiting.isEmpty() && !closed) {
            wait();
        }
        Batch<T> batch = new Batch<>(dropped, List.copyOf(waiting));
        waiting.clear();
        weight = 0;
        count = 0;
        dropped = 0;
        return batch;
    }

    /** What waits may still be taken; nothing is put in any more. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
