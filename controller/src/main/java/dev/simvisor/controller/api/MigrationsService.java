package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Refusal;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.ListMigrationsRequest;
import dev.simvisor.proto.api.ListMigrationsResponse;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationRequest;
import dev.simvisor.proto.api.MigrationsGrpc;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;

/** Live migrations. */
final class MigrationsService extends MigrationsGrpc.MigrationsImplBase {
    private final ClusterControl cluster;

    MigrationsService(ClusterControl cluster) {
        this.cluster = cluster;
    }

    @Override
    public void start(MigrateRequest request, StreamObserver<MigrationReport> observer) {
        Replies.reply(cluster.migrate(request), observer);
    }

    @Override
    public void get(MigrationRequest request, StreamObserver<MigrationReport> observer) {
        Replies.reply(report(request.getNumber()), observer);
    }

    private CompletableFuture<MigrationReport> report(long number) {
        return Replies.one(
                cluster.migrations(),
                report -> report.getNumber() == number,
                all -> new Refusal(Refusal.Kind.NOT_FOUND, "no migration " + number));
    }

    @Override
    public void list(ListMigrationsRequest request, StreamObserver<ListMigrationsResponse> observer) {
        Replies.reply(
                cluster.migrations()
                        .thenApply(reports -> ListMigrationsResponse.newBuilder()
                                .addAllMigrations(reports)
                                .build()),
                observer);
    }

    @Override
    public void cancel(MigrationRequest request, StreamObserver<MigrationReport> observer) {
        Replies.reply(cluster.cancelMigration(request.getNumber()), observer);
    }

    @Override
    public void watch(MigrationRequest request, StreamObserver<MigrationReport> observer) {
        ReplyStream<MigrationReport> stream = new ReplyStream<>(observer);
        // Listening begins before the present report is asked for, so that no change falls between the two.
        stream.from(cluster.watch(0, event -> changed(event, request.getNumber(), stream)));
        report(request.getNumber()).whenComplete((report, failure) -> {
            if (failure == null) {
                send(report, stream);
            } else {
                stream.fail(failure);
            }
        });
    }

    private static void changed(Event event, long number, ReplyStream<MigrationReport> stream) {
        if (event.hasMigration() && event.getMigration().getNumber() == number) {
            send(event.getMigration(), stream);
        }
    }

    private static void send(MigrationReport report, ReplyStream<MigrationReport> stream) {
        stream.send(report);
        if (hasEnded(report)) {
            stream.end();
        }
    }

    /** Whether nothing more will come of a migration. */
    static boolean hasEnded(MigrationReport report) {
        return switch (report.getState()) {
            case MIGRATION_COMPLETED, MIGRATION_CANCELLED, MIGRATION_FAILED -> true;
            case MIGRATION_QUEUED,
                    MIGRATION_PREPARING,
                    MIGRATION_COPYING,
                    MIGRATION_SWITCHING,
                    MIGRATION_FETCHING,
                    MIGRATION_STATE_UNSPECIFIED,
                    UNRECOGNIZED -> false;
        };
    }
}
