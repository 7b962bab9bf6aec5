package dev.simvisor.node.host.transfer;

import dev.simvisor.proto.node.Applied;
import dev.simvisor.proto.node.Finish;
import dev.simvisor.proto.node.Hello;
import dev.simvisor.proto.node.PageTransferGrpc;
import dev.simvisor.proto.node.TransferChunk;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import org.jspecify.annotations.Nullable;

/**
 * The source's end of one of a migration's streams, which has a connection of its own: the call, and what its callbacks said; its monitor
 * guards all of it.
 */
final class ChunkStream implements ClientResponseObserver<TransferChunk, Applied> {
    private final ManagedChannel connection;
    private @Nullable ClientCallStreamObserver<TransferChunk> call;
    private @Nullable String failure;
    private boolean finished;

    private ChunkStream(ManagedChannel connection) {
        this.connection = connection;
    }

    static ChunkStream open(ManagedChannel connection, Hello hello) {
        ChunkStream stream = new ChunkStream(connection);
        PageTransferGrpc.newStub(connection).send(stream);
        stream.call().onNext(TransferChunk.newBuilder().setHello(hello).build());
        return stream;
    }

    @Override
    public synchronized void beforeStart(ClientCallStreamObserver<TransferChunk> requestStream) {
        call = requestStream;
        requestStream.setOnReadyHandler(this::wake);
    }

    private synchronized void wake() {
        notifyAll();
    }

    private synchronized ClientCallStreamObserver<TransferChunk> call() {
        if (call == null) {
            throw new IllegalStateException("the call has not been started");
        }
        return call;
    }

    void put(TransferChunk chunk) throws TransferBroken, InterruptedException {
        ClientCallStreamObserver<TransferChunk> open = call();
        synchronized (this) {
            while (failure == null && !open.isReady()) {
                wait();
            }
            if (failure != null) {
                throw new TransferBroken(failure);
            }
        }
        open.onNext(chunk);
    }

    /** The last chunk; waits until the receiver has applied all. */
    void finish(Finish finish) throws TransferBroken, InterruptedException {
        put(TransferChunk.newBuilder().setFinish(finish).build());
        synchronized (this) {
            while (!finished) {
                if (failure != null) {
                    throw new TransferBroken(failure);
                }
                wait();
            }
        }
    }

    void close() {
        call().cancel("closed by the source", null);
        connection.shutdownNow();
    }

    @Override
    public synchronized void onNext(Applied applied) {
        finished |= applied.getFinished();
        notifyAll();
    }

    @Override
    public synchronized void onError(Throwable cause) {
        Status status = Status.fromThrowable(cause);
        String description = status.getDescription();
        failure = "stream to the target lost: " + (description == null ? status.getCode() : description);
        notifyAll();
    }

    @Override
    public synchronized void onCompleted() {
        if (!finished) {
            failure = "stream ended by the target";
        }
        notifyAll();
    }
}
