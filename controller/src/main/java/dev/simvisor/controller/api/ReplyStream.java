package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl.Subscription;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A stream of replies from the time keeper's thread to a client, which must never hold that thread up: what the client is not
 * ready for waits, and a client that stays too far behind is cut off. Create it before the service method returns.
 */
final class ReplyStream<T> {
    /** More than the events that the controller keeps, so that a watch may begin with all of them. */
    private static final int MOST_WAITING = 200_000;

    /** Of replies that a client can do without. */
    private static final int MOST_OFFERED = 16;

    private final ServerCallStreamObserver<T> observer;
    private final Deque<T> waiting = new ArrayDeque<>();
    private @Nullable Subscription source;
    /** No more will be sent. */
    private boolean ended;
    /** The call is over. */
    private boolean closed;

    ReplyStream(StreamObserver<T> observer) {
        // gRPC's documentation of ServerCallStreamObserver: every server's response observer is one.
        this.observer = (ServerCallStreamObserver<T>) observer;
        this.observer.setOnReadyHandler(this::drain);
        this.observer.setOnCancelHandler(this::close);
    }

    /** Where the replies come from; closed with the call. */
    synchronized void from(Subscription subscription) {
        if (closed) {
            subscription.close();
        } else {
            source = subscription;
        }
    }

    synchronized void send(T reply) {
        if (closed || ended) {
            return;
        }
        waiting.add(reply);
        drain();
        if (waiting.size() > MOST_WAITING) {
            fail(Status.RESOURCE_EXHAUSTED
                    .withDescription("this client reads too slowly: watch again from the last number seen")
                    .asRuntimeException());
        }
    }

    /** Sends a reply that makes the ones before stale, unless the client is behind. Returns whether it did. */
    synchronized boolean offer(T reply) {
        boolean keepsUp = !closed && !ended && waiting.size() < MOST_OFFERED;
        if (keepsUp) {
            send(reply);
        }
        return keepsUp;
    }

    /** The call ends well once the client has everything. */
    synchronized void end() {
        ended = true;
        drain();
    }

    synchronized void fail(Throwable failure) {
        if (!closed) {
            observer.onError(Replies.status(failure));
            close();
        }
    }

    private synchronized void drain() {
        while (!closed && !waiting.isEmpty() && observer.isReady()) {
            observer.onNext(waiting.remove());
        }
        if (ended && !closed && waiting.isEmpty()) {
            observer.onCompleted();
            close();
        }
    }

    private synchronized void close() {
        closed = true;
        waiting.clear();
        if (source != null) {
            source.close();
            source = null;
        }
    }
}
