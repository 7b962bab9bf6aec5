package dev.simvisor.controller.cluster;

import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.proto.api.ArrivalRequest;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Vm;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * VMs that come by themselves. One for which no host has room waits as long as it has patience; whenever something changes, those
 * that wait are tried in the order in which they came, so that a smaller one may pass a larger one. One that has had its lifetime
 * is stopped.
 */
final class Arrivals {
    /** A VM that is just being handed over takes no orders; it is told to stop again after so long. */
    private static final long STOP_AGAIN_NANOS = 1_000_000;

    private record Arrival(long number, ArrivalRequest request, CompletableFuture<Vm> answer) {
        String vm() {
            return request.getSpec().getName();
        }

        /** Orders what is due at the same time. */
        String key() {
            return String.format("arrival-%020d", number);
        }
    }

    private final ClusterState cluster;
    private final Outbox outbox;
    private final SortedMap<Long, Arrival> waiting = new TreeMap<>();
    private long arrived;
    private boolean tryingSoon;

    Arrivals(ClusterState cluster, Outbox outbox) {
        this.cluster = cluster;
        this.outbox = outbox;
        cluster.events().listen(0, event -> changed());
    }

    /** Completes when the VM is there, with a refusal when it has waited in vain. */
    void arrive(ArrivalRequest request, CompletableFuture<Vm> answer) throws Refusal {
        if (request.getLifetimeNanos() < 0 || request.getPatienceNanos() < 0) {
            throw new Refusal(
                    Kind.INVALID,
                    "VM " + request.getSpec().getName() + ": expected a lifetime and a patience of zero or more");
        }
        Arrival arrival = new Arrival(++arrived, request, answer);
        try {
            place(arrival);
        } catch (Refusal refusal) {
            if (!mayPass(refusal) || request.getPatienceNanos() == 0) {
                throw refusal;
            }
            waiting.put(arrival.number(), arrival);
            outbox.timer(outbox.nowNanos() + request.getPatienceNanos(), arrival.key(), () -> giveUp(arrival, refusal));
        }
    }

    private static boolean mayPass(Refusal refusal) {
        return switch (refusal.kind()) {
            case NO_ROOM, NOT_NOW -> true;
            case NOT_FOUND, ALREADY_EXISTS, INVALID, LOST -> false;
        };
    }

    private void giveUp(Arrival arrival, Refusal reason) {
        if (waiting.remove(arrival.number(), arrival)) {
            arrival.answer().completeExceptionally(reason);
        }
    }

    // ---- waiting ----

    /** Not at once: what tells of a change may still be amid it. */
    private void changed() {
        if (!tryingSoon && !waiting.isEmpty()) {
            tryingSoon = true;
            outbox.timer(outbox.nowNanos(), "arrivals", this::tryAgain);
        }
    }

    private void tryAgain() {
        for (Arrival arrival : List.copyOf(waiting.values())) {
            try {
                place(arrival);
                waiting.remove(arrival.number());
            } catch (Refusal refusal) {
                if (!mayPass(refusal)) {
                    giveUp(arrival, refusal);
                }
            }
        }
        tryingSoon = false; // that somebody has been placed makes no room for others
    }

    // ---- living ----

    private void place(Arrival arrival) throws Refusal {
        CompletableFuture<Vm> created = new CompletableFuture<>();
        cluster.createVm(
                CreateVmRequest.newBuilder()
                        .setSpec(arrival.request().getSpec())
                        .build(),
                created);
        VmEntry vm = cluster.vm(arrival.vm());
        created.whenComplete((view, failure) -> {
            if (failure == null) {
                begin(arrival, vm);
                arrival.answer().complete(view);
            } else {
                arrival.answer().completeExceptionally(failure);
            }
        });
    }

    private void begin(Arrival arrival, VmEntry vm) {
        ArrivalRequest request = arrival.request();
        if (!request.getTyped().isEmpty()) {
            try {
                cluster.type(vm.name(), request.getTyped().toByteArray());
            } catch (Refusal ended) {
                return;
            }
        }
        if (request.getLifetimeNanos() > 0) {
            stopAt(Math.max(outbox.nowNanos(), vm.createdNanos + request.getLifetimeNanos()), arrival, vm);
        }
    }

    private void stopAt(long nanos, Arrival arrival, VmEntry vm) {
        outbox.timer(nanos, arrival.key(), () -> stop(arrival, vm));
    }

    private void stop(Arrival arrival, VmEntry vm) {
        if (vm.hasEnded()) {
            return;
        }
        CompletableFuture<Vm> stopped = new CompletableFuture<>();
        stopped.exceptionally(notNow -> {
            stopAt(outbox.nowNanos() + STOP_AGAIN_NANOS, arrival, vm);
            return null;
        });
        try {
            cluster.stop(vm.name(), stopped);
        } catch (Refusal notNow) {
            stopped.completeExceptionally(notNow);
        }
    }
}
