package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Refusal;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.Vm;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The cluster's answers and refusals in gRPC's terms. */
final class Replies {
    private static final Logger LOG = LoggerFactory.getLogger(Replies.class);

    private Replies() {}

    /** Answers a unary call once the cluster does. */
    static <T> void reply(CompletableFuture<T> answer, StreamObserver<T> observer) {
        answer.whenComplete((value, failure) -> {
            if (failure == null) {
                observer.onNext(value);
                observer.onCompleted();
            } else {
                observer.onError(status(failure));
            }
        });
    }

    /** The VM of a name. */
    static CompletableFuture<Vm> vm(ClusterControl cluster, String name) {
        return named(cluster.vms(), "VM", name, vm -> vm.getSpec().getName());
    }

    /** The host of a name. */
    static CompletableFuture<Host> host(ClusterControl cluster, String name) {
        return named(cluster.hosts(), "host", name, host -> host.getSpec().getName());
    }

    private static <T> CompletableFuture<T> named(
            CompletableFuture<List<T>> all, String kind, String name, Function<T, String> nameOf) {
        return one(
                all,
                candidate -> nameOf.apply(candidate).equals(name),
                others ->
                        Refusal.unknown(kind, name, others.stream().map(nameOf).toList()));
    }

    /**
     * The one that is wanted, out of all.
     *
     * @param missing what to say when it is not among them
     */
    static <T> CompletableFuture<T> one(
            CompletableFuture<List<T>> all, Predicate<T> wanted, Function<List<T>, Refusal> missing) {
        return all.thenCompose(list -> list.stream()
                .filter(wanted)
                .findFirst()
                .map(CompletableFuture::completedFuture)
                .orElseGet(() -> CompletableFuture.failedFuture(missing.apply(list))));
    }

    /** A refusal keeps its line as the description; anything else is a bug of ours. */
    static StatusRuntimeException status(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return switch (cause) {
            case Refusal refusal ->
                status(refusal.kind()).withDescription(refusal.getMessage()).asRuntimeException();
            case StatusRuntimeException already -> already;
            default -> {
                LOG.error("a call failed", cause);
                yield Status.INTERNAL.withDescription(cause.toString()).asRuntimeException();
            }
        };
    }

    private static Status status(Refusal.Kind kind) {
        return switch (kind) {
            case NOT_FOUND -> Status.NOT_FOUND;
            case ALREADY_EXISTS -> Status.ALREADY_EXISTS;
            case INVALID -> Status.INVALID_ARGUMENT;
            case NOT_NOW -> Status.FAILED_PRECONDITION;
            case NO_ROOM -> Status.RESOURCE_EXHAUSTED;
            // Not UNAVAILABLE: that would tell clients that the controller cannot be reached.
            case LOST -> Status.ABORTED;
        };
    }
}
