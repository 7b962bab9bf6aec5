package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.proto.api.DrainHostRequest;
import dev.simvisor.proto.api.DrainProgress;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostRequest;
import dev.simvisor.proto.api.HostsGrpc;
import dev.simvisor.proto.api.ListHostsRequest;
import dev.simvisor.proto.api.ListHostsResponse;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import io.grpc.stub.StreamObserver;
import java.util.HashSet;
import java.util.Set;

/** Physical hosts. */
final class HostsService extends HostsGrpc.HostsImplBase {
    private final ClusterControl cluster;

    HostsService(ClusterControl cluster) {
        this.cluster = cluster;
    }

    @Override
    public void list(ListHostsRequest request, StreamObserver<ListHostsResponse> observer) {
        Replies.reply(
                cluster.hosts()
                        .thenApply(hosts -> ListHostsResponse.newBuilder()
                                .addAllHosts(hosts)
                                .build()),
                observer);
    }

    @Override
    public void get(HostRequest request, StreamObserver<Host> observer) {
        Replies.reply(Replies.host(cluster, request.getHost()), observer);
    }

    @Override
    public void drain(DrainHostRequest request, StreamObserver<DrainProgress> observer) {
        ReplyStream<DrainProgress> stream = new ReplyStream<>(observer);
        Replies.host(cluster, request.getHost())
                .thenCompose(host -> {
                    Departures departures = new Departures(host, stream);
                    stream.from(cluster.watch(0, departures::happened));
                    return cluster.drain(request.getHost(), request.getParameters());
                })
                .whenComplete((drained, failure) -> {
                    if (failure == null) {
                        stream.end();
                    } else {
                        stream.fail(failure);
                    }
                });
    }

    /** Follows the migrations away from a host. Used by the time keeper's thread alone. */
    private static final class Departures {
        private final String host;
        private final Set<String> left;
        private final ReplyStream<DrainProgress> stream;

        Departures(Host host, ReplyStream<DrainProgress> stream) {
            this.host = host.getSpec().getName();
            this.left = new HashSet<>(host.getVmsList());
            this.stream = stream;
        }

        void happened(Event event) {
            MigrationReport report = event.getMigration();
            if (!event.hasMigration() || !report.getSource().equals(host) || !MigrationsService.hasEnded(report)) {
                return;
            }
            if (report.getState() == MigrationState.MIGRATION_COMPLETED) {
                left.remove(report.getVm());
            }
            stream.send(DrainProgress.newBuilder()
                    .setFinished(report)
                    .setVmsLeft(left.size())
                    .build());
        }
    }

    @Override
    public void fail(HostRequest request, StreamObserver<Host> observer) {
        Replies.reply(cluster.failHost(request.getHost()), observer);
    }

    @Override
    public void recover(HostRequest request, StreamObserver<Host> observer) {
        Replies.reply(cluster.recoverHost(request.getHost()), observer);
    }
}
