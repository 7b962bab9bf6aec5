package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.proto.api.ClusterGrpc;
import dev.simvisor.proto.api.HostsGrpc;
import dev.simvisor.proto.api.MigrationsGrpc;
import dev.simvisor.proto.api.VirtualMachinesGrpc;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Serves a cluster to gRPC clients, with server reflection and the standard health service. */
public final class ApiServer implements AutoCloseable {
    /** Where clients look unless told otherwise. */
    public static final int DEFAULT_PORT = 7711;

    private static final int GRACE_MILLIS = 500;

    private final Server server;
    private final HealthStatusManager health;
    private final ExecutorService calls;
    private final String host;

    private ApiServer(Server server, HealthStatusManager health, ExecutorService calls, String host) {
        this.server = server;
        this.health = health;
        this.calls = calls;
        this.host = host;
    }

    /**
     * Begins to serve.
     *
     * @param host name or address of the interface to listen on
     * @param port TCP port; 0 for any free one
     * @param shutdown run when a client asks for the cluster's end
     * @throws IOException when it cannot listen there, as when the port is occupied
     */
    public static ApiServer start(ClusterControl cluster, String host, int port, Runnable shutdown) throws IOException {
        HealthStatusManager health = new HealthStatusManager();
        ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .executor(calls)
                .addService(new ClusterService(cluster, shutdown))
                .addService(new HostsService(cluster))
                .addService(new VirtualMachinesService(cluster))
                .addService(new MigrationsService(cluster))
                .addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance())
                .build();
        try {
            server.start();
        } catch (IOException failed) {
            calls.close();
            throw failed;
        }
        for (String service : List.of(
                ClusterGrpc.SERVICE_NAME,
                HostsGrpc.SERVICE_NAME,
                VirtualMachinesGrpc.SERVICE_NAME,
                MigrationsGrpc.SERVICE_NAME)) {
            health.setStatus(service, ServingStatus.SERVING);
        }
        return new ApiServer(server, health, calls, host);
    }

    /** Where it serves: host:port. */
    public String address() {
        return host + ":" + server.getPort();
    }

    /** Ends all calls: short ones may finish, watches are cut off. */
    @Override
    public void close() {
        health.enterTerminalState();
        server.shutdown();
        try {
            if (!server.awaitTermination(GRACE_MILLIS, TimeUnit.MILLISECONDS)) {
                server.shutdownNow();
                server.awaitTermination(GRACE_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException interrupted) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        }
        calls.shutdown();
    }
}
