package dev.simvisor.controller.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.cluster.ToyCluster;
import dev.simvisor.proto.api.MetricsSample;
import dev.simvisor.proto.api.WatchMetricsRequest;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class WatchMetricsTest {
    /** A client that takes replies only while it is ready. */
    private static final class Client extends ServerCallStreamObserver<MetricsSample> {
        final List<MetricsSample> samples = new CopyOnWriteArrayList<>();
        volatile boolean ready;
        volatile Throwable failure;
        private Runnable onReady = () -> {};

        void becomesReady() {
            ready = true;
            onReady.run();
        }

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void setOnReadyHandler(Runnable handler) {
            onReady = handler;
        }

        @Override
        public void onNext(MetricsSample sample) {
            samples.add(sample);
        }

        @Override
        public void onError(Throwable failed) {
            failure = failed;
        }

        @Override
        public void onCompleted() {}

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public void setOnCancelHandler(Runnable handler) {}

        @Override
        public void setCompression(String compression) {}

        @Override
        public void disableAutoInboundFlowControl() {}

        @Override
        public void request(int count) {}

        @Override
        public void setMessageCompression(boolean enable) {}
    }

    private static WatchMetricsRequest every(long nanos) {
        return WatchMetricsRequest.newBuilder().setIntervalNanos(nanos).build();
    }

    @Test
    void clientThatIsBehindGoesWithoutSamplesAndIsToldHowMany() throws Exception {
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            Client client = new Client();
            new ClusterService(toys.control(), () -> {}).watchMetrics(every(ToyCluster.MILLI), client);
            ToyCluster.get(toys.control().start());
            ToyCluster.get(toys.control().at(200 * ToyCluster.MILLI).reached());
            assertThat(client.samples).isEmpty();

            client.becomesReady();
            ToyCluster.get(toys.control().at(300 * ToyCluster.MILLI).reached());
            await().until(() -> client.samples.stream().anyMatch(sample -> sample.getSkipped() > 0));
            long told = client.samples.stream()
                    .mapToLong(sample -> 1 + sample.getSkipped())
                    .sum();
            assertThat(told * ToyCluster.MILLI)
                    .isEqualTo(client.samples.getLast().getUntilNanos());
        }
    }

    @Test
    void intervalThatIsTooShortIsRefused() throws Exception {
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            Client client = new Client();
            new ClusterService(toys.control(), () -> {}).watchMetrics(every(1), client);

            assertThat(Status.fromThrowable(client.failure))
                    .returns(Status.Code.INVALID_ARGUMENT, Status::getCode)
                    .returns("an interval of 1 ns: expected at least 1000000, or 0", Status::getDescription);
        }
    }
}
