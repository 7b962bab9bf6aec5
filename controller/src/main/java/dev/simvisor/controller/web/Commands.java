package dev.simvisor.controller.web;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Refusal;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What can be asked of the cluster from the page. Answers are the API's messages as JSON; a refusal is one line of text. */
final class Commands {
    private static final Logger LOG = LoggerFactory.getLogger(Commands.class);

    /** So long the page waits for VMs to leave a host; what comes after that, it sees. */
    private static final int DRAIN_SECONDS = 2;

    private final ClusterControl cluster;

    Commands(ClusterControl cluster) {
        this.cluster = cluster;
    }

    void route(RoutesConfig routes) {
        ofVm(routes, "pause", cluster::pause);
        ofVm(routes, "resume", cluster::resume);
        ofVm(routes, "stop", cluster::stop);
        ofHost(routes, "drain", this::drain);
        ofHost(routes, "fail", cluster::failHost);
        ofHost(routes, "recover", cluster::recoverHost);
        routes.post("/api/vms/{vm}/migrate", request -> answer(request, migrate(request)));
        routes.post("/api/migrations/{number}/cancel", request -> answer(request, cancel(request)));
    }

    private static void ofVm(
            RoutesConfig routes, String verb, Function<String, CompletableFuture<? extends Message>> command) {
        routes.post("/api/vms/{vm}/" + verb, request -> answer(request, command.apply(request.pathParam("vm"))));
    }

    private static void ofHost(
            RoutesConfig routes, String verb, Function<String, CompletableFuture<? extends Message>> command) {
        routes.post("/api/hosts/{host}/" + verb, request -> answer(request, command.apply(request.pathParam("host"))));
    }

    private CompletableFuture<Host> drain(String host) {
        return cluster.drain(host, MigrationParameters.getDefaultInstance())
                .completeOnTimeout(Host.getDefaultInstance(), DRAIN_SECONDS, TimeUnit.SECONDS);
    }

    private CompletableFuture<? extends Message> migrate(Context request) {
        MigrateRequest.Builder migrate = MigrateRequest.newBuilder();
        try {
            JsonFormat.parser().merge(request.body(), migrate);
        } catch (InvalidProtocolBufferException invalid) {
            return refused("expected a MigrateRequest: " + invalid.getMessage());
        }
        return cluster.migrate(migrate.setVm(request.pathParam("vm")).build());
    }

    private CompletableFuture<? extends Message> cancel(Context request) {
        try {
            return cluster.cancelMigration(Long.parseUnsignedLong(request.pathParam("number")));
        } catch (NumberFormatException invalid) {
            return refused("expected a migration's number, not \"" + request.pathParam("number") + "\"");
        }
    }

    private static CompletableFuture<Message> refused(String line) {
        return CompletableFuture.failedFuture(new Refusal(Refusal.Kind.INVALID, line));
    }

    private static void answer(Context request, CompletableFuture<? extends Message> answer) {
        // On a thread of its own: a browser may be slow to take it, and who completes an answer is the cluster.
        request.future(() -> answer.handleAsync(
                (message, failure) -> failure == null
                        ? request.contentType("application/json").result(ApiJson.of(message))
                        : refuse(request, failure),
                Thread::startVirtualThread));
    }

    private static Context refuse(Context request, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof Refusal refusal) {
            return request.status(status(refusal.kind())).result(String.valueOf(refusal.getMessage()));
        }
        LOG.error("a command failed", cause);
        return request.status(HttpStatus.INTERNAL_SERVER_ERROR).result(cause.toString());
    }

    private static HttpStatus status(Refusal.Kind kind) {
        return switch (kind) {
            case NOT_FOUND -> HttpStatus.NOT_FOUND;
            case INVALID -> HttpStatus.BAD_REQUEST;
            case ALREADY_EXISTS, NOT_NOW, NO_ROOM, LOST -> HttpStatus.CONFLICT;
        };
    }
}
