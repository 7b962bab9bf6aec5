package dev.simvisor.controller.cluster;

import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.List;

/** All who measure the cluster at present, each in intervals of its own. */
final class Meterings {
    private final List<Metering> meterings = new ArrayList<>();

    void add(Metering metering) {
        meterings.add(metering);
    }

    void remove(Metering metering) {
        if (meterings.remove(metering)) {
            metering.end();
        }
    }

    boolean isEmpty() {
        return meterings.isEmpty();
    }

    /** When the next interval ends; never when none does. */
    long nextNanos() {
        long next = Long.MAX_VALUE;
        for (Metering metering : meterings) {
            next = Math.min(next, metering.dueNanos());
        }
        return next;
    }

    /** Ends the intervals that end at a time. What is decided at that time belongs to those after it. */
    void measure(long nowNanos) {
        for (Metering metering : List.copyOf(meterings)) {
            if (metering.dueNanos() <= nowNanos) {
                metering.measure();
            }
            if (metering.dueNanos() == Long.MAX_VALUE) {
                remove(metering);
            }
        }
    }

    void windowDone(WindowDone done) {
        meterings.forEach(metering -> metering.windowDone(done));
    }
}
