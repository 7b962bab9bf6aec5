package dev.simvisor.controller.cluster;

import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.controller.metrics.Meter;
import dev.simvisor.proto.node.WindowDone;
import java.util.function.Consumer;

/** Measures the cluster at regular virtual times, from when it is made up to a last time. */
final class Metering {
    private final ClusterState state;
    private final Agenda agenda;
    private final long everyNanos;
    private final long untilNanos;
    private final Consumer<Measurement> listener;
    private final Meter meter;

    Metering(
            ClusterState state,
            Agenda agenda,
            long nowNanos,
            long everyNanos,
            long untilNanos,
            Consumer<Measurement> listener) {
        this.state = state;
        this.agenda = agenda;
        this.everyNanos = everyNanos;
        this.untilNanos = untilNanos;
        this.listener = listener;
        this.meter = new Meter(nowNanos);
        state.hosts().values().forEach(host -> meter.changed(host.view(), nowNanos));
        state.events().listen(0, event -> {
            if (event.hasHost()) {
                meter.changed(event.getHost(), event.getVirtualNanos());
            }
        });
        measureAfter(nowNanos);
    }

    /** Windows end at the time, because something is due then. */
    private void measureAfter(long nanos) {
        if (nanos < untilNanos) {
            long next = Math.min(untilNanos, nanos + everyNanos);
            agenda.add(next, Agenda.Rank.MEASUREMENT, "", () -> measure(next));
        }
    }

    private void measure(long nowNanos) {
        listener.accept(meter.measure(
                state.hosts().values().stream().map(HostEntry::view).toList(), nowNanos));
        measureAfter(nowNanos);
    }

    void windowDone(WindowDone done) {
        if (done.hasUsage()) {
            meter.add(done.getHost(), done.getUsage());
        }
    }
}
