package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Refusal;
import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.controller.metrics.MetricsMessages;
import dev.simvisor.proto.api.ClusterGrpc;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.MetricsSample;
import dev.simvisor.proto.api.ShutdownRequest;
import dev.simvisor.proto.api.ShutdownResponse;
import dev.simvisor.proto.api.StatusRequest;
import dev.simvisor.proto.api.WatchMetricsRequest;
import dev.simvisor.proto.api.WatchRequest;
import io.grpc.stub.StreamObserver;
import java.util.function.Consumer;

/** The cluster as a whole. */
final class ClusterService extends ClusterGrpc.ClusterImplBase {
    private static final long USUAL_INTERVAL_NANOS = 1_000_000_000;

    /** Hosts stop at the end of each interval. */
    private static final long SHORTEST_INTERVAL_NANOS = 1_000_000;

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
    public void watchMetrics(WatchMetricsRequest request, StreamObserver<MetricsSample> observer) {
        ReplyStream<MetricsSample> stream = new ReplyStream<>(observer);
        long interval = request.getIntervalNanos() == 0 ? USUAL_INTERVAL_NANOS : request.getIntervalNanos();
        if (interval < SHORTEST_INTERVAL_NANOS) {
            stream.fail(new Refusal(
                    Refusal.Kind.INVALID,
                    "an interval of " + interval + " ns: expected at least " + SHORTEST_INTERVAL_NANOS + ", or 0"));
            return;
        }
        stream.from(cluster.measure(interval, Long.MAX_VALUE, new MetricsReplies(stream)));
    }

    /** A client that does not keep up goes without some samples, and is told of how many. Used by the time keeper's thread. */
    private static final class MetricsReplies implements Consumer<Measurement> {
        private final ReplyStream<MetricsSample> stream;
        private long skipped;

        MetricsReplies(ReplyStream<MetricsSample> stream) {
            this.stream = stream;
        }

        @Override
        public void accept(Measurement measurement) {
            MetricsSample sample = MetricsMessages.sample(measurement);
            boolean sent = stream.offer(sample.toBuilder().setSkipped(skipped).build());
            skipped = sent ? 0 : skipped + 1;
        }
    }

    @Override
    public void shutdown(ShutdownRequest request, StreamObserver<ShutdownResponse> observer) {
        observer.onNext(ShutdownResponse.getDefaultInstance());
        observer.onCompleted();
        shutdown.run();
    }
}
