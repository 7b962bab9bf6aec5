package dev.simvisor.node.host.transfer;

import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.migration.PageCoding;
import dev.simvisor.proto.node.Applied;
import dev.simvisor.proto.node.Hello;
import dev.simvisor.proto.node.PageTransferGrpc.PageTransferImplBase;
import dev.simvisor.proto.node.TransferChunk;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Page streams over gRPC, for all hosts of a node; it listens on a port of its own, where the controller's lifeline ends too. */
public final class GrpcPageStreams implements PageStreams, AutoCloseable {
    /** A peer that does not answer for so long is dead: a stopped process closes no socket. */
    private static final long KEEP_ALIVE_SECONDS = 10;

    private final Map<Long, PageReceiver> expected = new ConcurrentHashMap<>();
    private final Server server;
    private final String address;

    /**
     * @param host name or address to listen on
     * @throws IOException when it cannot
     */
    public GrpcPageStreams(String host) throws IOException {
        InetAddress local = InetAddress.getByName(host);
        server = NettyServerBuilder.forAddress(new InetSocketAddress(local, 0))
                .addService(new Service())
                .addService(new LifelineService())
                .permitKeepAliveTime(KEEP_ALIVE_SECONDS / 2, TimeUnit.SECONDS)
                .build()
                .start();
        address = host + ":" + server.getPort();
    }

    /** Where others reach it: host:port. */
    public String address() {
        return address;
    }

    @Override
    public Outgoing open(String target, long migration, PageCoding coding) {
        return new PageSender(() -> connect(target), migration, coding);
    }

    private static ManagedChannel connect(String target) {
        return NettyChannelBuilder.forTarget("dns:///" + target)
                .usePlaintext()
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .build();
    }

    @Override
    public Incoming expect(long migration, GuestMachine machine) {
        PageReceiver receiver = new PageReceiver(machine, () -> expected.remove(migration));
        expected.put(migration, receiver);
        return receiver;
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    /** Takes the streams in and hands their chunks to whom they are for. */
    private final class Service extends PageTransferImplBase {
        @Override
        public StreamObserver<TransferChunk> send(StreamObserver<Applied> responses) {
            ServerCallStreamObserver<Applied> call = (ServerCallStreamObserver<Applied>) responses;
            call.disableAutoRequest();
            call.request(1);
            return new Arrivals(call);
        }
    }

    private final class Arrivals implements StreamObserver<TransferChunk> {
        private final ServerCallStreamObserver<Applied> call;
        private @Nullable PageReceiver receiver;
        private int channel;

        Arrivals(ServerCallStreamObserver<Applied> call) {
            this.call = call;
        }

        @Override
        public void onNext(TransferChunk chunk) {
            try {
                if (receiver == null) {
                    receiver = receiverFor(chunk);
                    channel = chunk.getHello().getChannel();
                }
                Applied applied = receiver.apply(chunk, channel);
                if (applied.getFinished()) {
                    call.onNext(applied);
                    call.onCompleted();
                } else {
                    call.request(1);
                }
            } catch (TransferBroken e) {
                call.onError(
                        Status.FAILED_PRECONDITION.withDescription(e.reason()).asRuntimeException());
            }
        }

        private PageReceiver receiverFor(TransferChunk first) throws TransferBroken {
            Hello hello = first.getHello();
            if (!first.hasHello() || hello.getVersion() != PageSender.PROTOCOL_VERSION) {
                throw new TransferBroken("transfer protocol of version " + hello.getVersion() + ": expected "
                        + PageSender.PROTOCOL_VERSION);
            }
            PageReceiver found = expected.get(hello.getMigration());
            if (found == null) {
                throw new TransferBroken("migration " + hello.getMigration() + " is not expected here");
            }
            return found;
        }

        @Override
        public void onError(Throwable cause) {
            broken("stream from the source lost: " + Status.fromThrowable(cause).getCode());
        }

        @Override
        public void onCompleted() {
            broken("stream ended by the source");
        }

        private void broken(String reason) {
            if (receiver != null) {
                receiver.broken(reason);
            }
        }
    }
}
