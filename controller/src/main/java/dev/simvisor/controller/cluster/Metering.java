package dev.simvisor.controller.cluster;

import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.controller.metrics.Meter;
import dev.simvisor.proto.node.WindowDone;
import java.util.function.Consumer;

/** Measures the cluster for one listener at regular virtual times, from when it is made up to a last time. */
final class Metering {
    private final ClusterState state;
    private final long everyNanos;
    private final long untilNanos;
    private final Consumer<Measurement> listener;
    private final Meter meter;
    private final ClusterControl.Subscription events;
    private long dueNanos;

    /** Begins while all hosts stand still at a time; all that are alive are to report where they stand before any goes on. */
    Metering(ClusterState state, long nowNanos, long everyNanos, long untilNanos, Consumer<Measurement> listener) {
        this.state = state;
        this.everyNanos = everyNanos;
        this.untilNanos = untilNanos;
        this.listener = listener;
        this.meter = new Meter(nowNanos);
        state.hosts().values().forEach(host -> meter.present(host.view(), nowNanos));
        this.events = state.events().listen(0, event -> {
            if (event.hasHost()) {
                meter.changed(event.getHost(), event.getVirtualNanos());
            }
        });
        due(nowNanos);
    }

    private void due(long lastNanos) {
        dueNanos = lastNanos >= untilNanos ? Long.MAX_VALUE : lastNanos + Math.min(everyNanos, untilNanos - lastNanos);
    }

    /** When the present interval ends; never when the last has ended. */
    long dueNanos() {
        return dueNanos;
    }

    /** The present interval ends now. */
    void measure() {
        long nowNanos = dueNanos;
        due(nowNanos);
        listener.accept(meter.measure(
                state.hosts().values().stream().map(HostEntry::view).toList(), nowNanos));
    }

    void windowDone(WindowDone done) {
        if (done.hasUsage()) {
            meter.add(done.getHost(), done.getUsage());
        }
    }

    void end() {
        events.close();
    }
}
