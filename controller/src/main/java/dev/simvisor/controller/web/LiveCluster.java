package dev.simvisor.controller.web;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.ClusterControl.Subscription;
import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.controller.metrics.MetricsMessages;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.MetricsSample;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.Vm;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.function.Consumer;

/**
 * What happens in the cluster, for all open pages together: one that listens and measures, and remembers enough for a page that is
 * opened later.
 */
final class LiveCluster implements AutoCloseable {
    private static final long INTERVAL_NANOS = 1_000_000_000;
    private static final int KEPT_EVENTS = 200;
    private static final int KEPT_SAMPLES = 180;

    /** News of a cluster. */
    sealed interface News {
        /** What it takes of memory, about. */
        int bytes();

        /** Something has changed. */
        record Happened(Event event) implements News {
            @Override
            public int bytes() {
                return event.getSerializedSize();
            }
        }

        /** An interval has ended. */
        record Sampled(MetricsSample sample, ClusterStatus status) implements News {
            @Override
            public int bytes() {
                return sample.getSerializedSize() + status.getSerializedSize();
            }
        }
    }

    /**
     * How things stand.
     *
     * @param vms those that have not ended
     * @param migrations those that have not ended
     * @param events the last ones
     * @param samples the last ones, without VMs
     */
    record Snapshot(
            ClusterStatus status,
            List<Host> hosts,
            List<Vm> vms,
            List<MigrationReport> migrations,
            List<Event> events,
            List<MetricsSample> samples) {}

    private final ClusterControl cluster;
    private final Set<Consumer<News>> pages = new CopyOnWriteArraySet<>();
    private final Deque<Event> events = new ArrayDeque<>();
    private final Deque<MetricsSample> samples = new ArrayDeque<>();
    private final Deque<Subscription> subscriptions = new ArrayDeque<>();

    private LiveCluster(ClusterControl cluster) {
        this.cluster = cluster;
    }

    static LiveCluster of(ClusterControl cluster) {
        LiveCluster live = new LiveCluster(cluster);
        live.subscriptions.add(cluster.watch(1, live::happened));
        live.subscriptions.add(cluster.measure(INTERVAL_NANOS, Long.MAX_VALUE, live::measured));
        return live;
    }

    private void happened(Event event) {
        keep(events, event, KEPT_EVENTS);
        tell(new News.Happened(event));
    }

    private void measured(Measurement measurement) {
        MetricsSample sample = MetricsMessages.sample(measurement);
        keep(samples, sample.toBuilder().clearVms().build(), KEPT_SAMPLES);
        cluster.status().thenAccept(status -> tell(new News.Sampled(sample, status)));
    }

    private synchronized <T> void keep(Deque<T> kept, T item, int most) {
        kept.add(item);
        if (kept.size() > most) {
            kept.remove();
        }
    }

    private synchronized <T> List<T> copy(Collection<T> kept) {
        return List.copyOf(kept);
    }

    private void tell(News news) {
        pages.forEach(page -> page.accept(news));
    }

    /** A page is told the news from now on, by the cluster's thread. */
    void join(Consumer<News> page) {
        pages.add(page);
    }

    void leave(Consumer<News> page) {
        pages.remove(page);
    }

    /** Of now or later; a page that has joined before misses nothing in between. */
    CompletableFuture<Snapshot> snapshot() {
        CompletableFuture<ClusterStatus> status = cluster.status();
        CompletableFuture<List<Host>> hosts = cluster.hosts();
        CompletableFuture<List<Vm>> vms = cluster.vms();
        CompletableFuture<List<MigrationReport>> migrations = cluster.migrations();
        return CompletableFuture.allOf(status, hosts, vms, migrations)
                .thenApply(all -> new Snapshot(
                        status.join(),
                        hosts.join(),
                        vms.join().stream().filter(LiveCluster::isThere).toList(),
                        migrations.join().stream()
                                .filter(LiveCluster::isUnderWay)
                                .toList(),
                        copy(events),
                        copy(samples)));
    }

    private static boolean isThere(Vm vm) {
        return switch (vm.getState()) {
            case VM_CREATING, VM_RUNNING, VM_PAUSED -> true;
            case VM_STOPPED, VM_CRASHED, VM_LOST, VM_STATE_UNSPECIFIED, UNRECOGNIZED -> false;
        };
    }

    private static boolean isUnderWay(MigrationReport report) {
        return switch (report.getState()) {
            case MIGRATION_QUEUED, MIGRATION_PREPARING, MIGRATION_COPYING, MIGRATION_SWITCHING, MIGRATION_FETCHING ->
                true;
            case MIGRATION_COMPLETED,
                    MIGRATION_CANCELLED,
                    MIGRATION_FAILED,
                    MIGRATION_STATE_UNSPECIFIED,
                    UNRECOGNIZED -> false;
        };
    }

    @Override
    public void close() {
        subscriptions.forEach(Subscription::close);
        pages.clear();
    }
}
