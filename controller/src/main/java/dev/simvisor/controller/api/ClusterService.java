package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.proto.api.ClusterGrpc;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.ShutdownRequest;
import dev.simvisor.proto.api.ShutdownResponse;
import dev.simvisor.proto.api.StatusRequest;
import dev.simvisor.proto.api.WatchRequest;
import io.grpc.stub.StreamObserver;

/** The cluster as a whole. */
final class ClusterService extends ClusterGrpc.ClusterImplBase {
    private final ClusterControl cluster;
    private final Runnable shutdown;

    ClusterService(ClusterControl cluster, Runnable shutdown) {
        this.cluster = cluster;
        this.shutdown = shutdown;
    }

    @Override
    public void status(StatusRequest request, StreamObserver<ClusterStatus> observer) {
        Replies.reply(cluster.status(), observer);
    }

    @Override
    public void watch(WatchRequest request, StreamObserver<Event> observer) {
        ReplyStream<Event> stream = new ReplyStream<>(observer);
        stream.from(cluster.watch(request.getFromNumber(), stream::send));
    }

    @Override
    public void shutdown(ShutdownRequest request, StreamObserver<ShutdownResponse> observer) {
        observer.onNext(ShutdownResponse.getDefaultInstance());
        observer.onCompleted();
        shutdown.run();
    }
}
