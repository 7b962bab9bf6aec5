package dev.simvisor.controller.cli;

import dev.simvisor.proto.api.ClusterGrpc;
import dev.simvisor.proto.api.HostsGrpc;
import dev.simvisor.proto.api.MigrationsGrpc;
import dev.simvisor.proto.api.VirtualMachinesGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.logging.Level;
import java.util.logging.Logger;

/** A connection to the controller of a running cluster. */
final class ApiClient implements AutoCloseable {
    /** Says in a warning of many lines what a failed call says in its status. Held: java.util.logging forgets loggers. */
    private static final Logger CHANNELS = Logger.getLogger("io.grpc.internal.ManagedChannelImpl");

    /** Lists of thousands of VMs and migrations are longer than the 4 MiB that gRPC takes by itself. */
    private static final int MOST_ANSWER_BYTES = 256 << 20;

    static {
        CHANNELS.setLevel(Level.OFF);
    }

    private final ManagedChannel channel;
    private final String server;

    private ApiClient(ManagedChannel channel, String server) {
        this.channel = channel;
        this.server = server;
    }

    /**
     * A connection, which is made when it is first used.
     *
     * @param server where the controller serves, host:port
     */
    static ApiClient to(String server) throws CommandFailed {
        int colon = server.lastIndexOf(':');
        if (colon <= 0 || !server.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new CommandFailed("--server " + server + ": expected HOST:PORT");
        }
        int port = Integer.parseInt(server.substring(colon + 1));
        if (port == 0 || port > PortNumber.MOST) {
            throw new CommandFailed("--server " + server + ": expected a port from 1 to " + PortNumber.MOST);
        }
        return new ApiClient(
                NettyChannelBuilder.forAddress(server.substring(0, colon), port)
                        .usePlaintext()
                        .maxInboundMessageSize(MOST_ANSWER_BYTES)
                        .build(),
                server);
    }

    VirtualMachinesGrpc.VirtualMachinesBlockingStub vms() {
        return VirtualMachinesGrpc.newBlockingStub(channel);
    }

    VirtualMachinesGrpc.VirtualMachinesStub consoles() {
        return VirtualMachinesGrpc.newStub(channel);
    }

    HostsGrpc.HostsBlockingStub hosts() {
        return HostsGrpc.newBlockingStub(channel);
    }

    MigrationsGrpc.MigrationsBlockingStub migrations() {
        return MigrationsGrpc.newBlockingStub(channel);
    }

    ClusterGrpc.ClusterBlockingStub cluster() {
        return ClusterGrpc.newBlockingStub(channel);
    }

    /** The line for the user when a call has failed. */
    CommandFailed failure(StatusRuntimeException failed) {
        String description = failed.getStatus().getDescription();
        return switch (failed.getStatus().getCode()) {
            case UNAVAILABLE ->
                new CommandFailed("no cluster answers at " + server
                        + ": start one with simvisor up, or say where it is with --server HOST:PORT");
            case UNIMPLEMENTED -> new CommandFailed(server + " is no Simvisor of this version: " + description);
            default ->
                new CommandFailed(
                        description == null ? failed.getStatus().getCode().name() : description);
        };
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
