package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.cluster.ClusterControl.Subscription;
import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.controller.metrics.Measurement.HostFigures;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.StateHashResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** A running cluster is measured. */
class MeasuringTest {
    private static final MigrateRequest TO_H2 =
            MigrateRequest.newBuilder().setVm("a").setTarget("h2").build();

    /** A VM that is migrated at 100 ms, watched or not; its state at 900 ms. */
    private static StateHashResponse run(boolean watched, List<Measurement> measurements) throws Exception {
        try (ToyCluster toys = ToyCluster.of(2, 0, "n1")) {
            ClusterControl cluster = toys.control();
            CompletableFuture<?> created = cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
            CompletableFuture<?> migrated = cluster.at(100 * MILLI).migrate(TO_H2);
            CompletableFuture<StateHashResponse> hash = cluster.at(900 * MILLI).stateHash("a");
            if (watched) {
                cluster.at(50 * MILLI).measure(7 * MILLI, 800 * MILLI, measurements::add);
                cluster.at(60 * MILLI).measure(11 * MILLI, Long.MAX_VALUE, measurement -> {});
            }
            cluster.start();
            get(created);
            get(migrated);
            return get(hash);
        }
    }

    @Test
    void watchedVmsDoWhatTheyDoUnwatched() throws Exception {
        List<Measurement> measurements = new CopyOnWriteArrayList<>();

        assertThat(run(true, measurements)).isEqualTo(run(false, measurements));
        assertThat(measurements).hasSizeGreaterThan(100);
    }

    @Test
    void measuringBegunLateCountsFromThenOn() throws Exception {
        List<Measurement> fromStart = new CopyOnWriteArrayList<>();
        List<Measurement> late = new CopyOnWriteArrayList<>();
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            ClusterControl cluster = toys.control();
            cluster.at(0).createVm(ToyCluster.vm("a", "h1"));
            cluster.measure(100 * MILLI, SECOND, fromStart::add);
            cluster.at(500 * MILLI).measure(100 * MILLI, SECOND, late::add);
            CompletableFuture<Void> end = cluster.at(SECOND).reached();
            cluster.start();
            get(end);
        }
        assertThat(fromStart).hasSize(10);
        assertThat(late).isEqualTo(fromStart.subList(5, 10));
        assertThat(late.getFirst().hosts().getFirst().busyNanos()).isPositive();
    }

    /** Two processors are always busy; the hosts' VMs are known although nothing runs while measuring begins. */
    @Test
    void hostThatIsIdleShowsItsVmsAllTheSame() throws Exception {
        List<Measurement> measurements = new CopyOnWriteArrayList<>();
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            ClusterControl cluster = toys.control();
            cluster.pace(1);
            cluster.start();
            get(cluster.createVm(ToyCluster.vm("a", "h1")));
            get(cluster.pause("a"));
            cluster.measure(10 * MILLI, Long.MAX_VALUE, measurements::add);
            await().until(() -> measurements.size() >= 2);
        }
        assertThat(measurements.getFirst().hosts())
                .singleElement()
                .returns(1, HostFigures::vmsPaused)
                .returns(0L, HostFigures::busyNanos);
        assertThat(measurements.getFirst().vms()).hasSize(1);
    }

    /** Timers would refuse to wait so long, and nothing but the meter is ever due. */
    @Test
    void clusterThatIsToBeMeasuredInYearsGoesOn() throws Exception {
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            ClusterControl cluster = toys.control();
            cluster.pace(0.001);
            get(cluster.start());
            cluster.measure(Long.MAX_VALUE / 2, Long.MAX_VALUE, measurement -> {});
            get(cluster.createVm(ToyCluster.vm("a", "h1")));
            assertThat(get(cluster.status()).getVirtualNanos()).isLessThan(60 * SECOND);
        }
    }

    @Test
    void timeThatHasNoEventToGoToStandsThoughItIsMeasured() throws Exception {
        List<Measurement> measurements = new CopyOnWriteArrayList<>();
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            ClusterControl cluster = toys.control();
            cluster.measure(10 * MILLI, Long.MAX_VALUE, measurements::add);
            get(cluster.start());
            get(cluster.at(35 * MILLI).reached());
            assertThat(get(cluster.status()).getVirtualNanos()).isEqualTo(35 * MILLI);
        }
        assertThat(measurements)
                .extracting(Measurement::untilNanos)
                .containsExactly(10 * MILLI, 20 * MILLI, 30 * MILLI);
    }

    @Test
    void nothingIsMeasuredOnceItHasBeenEnded() throws Exception {
        List<Measurement> measurements = new CopyOnWriteArrayList<>();
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            ClusterControl cluster = toys.control();
            Subscription measuring = cluster.measure(10 * MILLI, Long.MAX_VALUE, measurements::add);
            get(cluster.start());
            get(cluster.at(15 * MILLI).reached());
            measuring.close();
            get(cluster.at(100 * MILLI).reached());
        }
        assertThat(measurements).hasSize(1);
    }
}
