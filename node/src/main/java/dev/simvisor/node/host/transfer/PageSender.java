package dev.simvisor.node.host.transfer;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.proto.node.Applied;
import dev.simvisor.proto.node.Finish;
import dev.simvisor.proto.node.Hello;
import dev.simvisor.proto.node.PageTransferGrpc;
import dev.simvisor.proto.node.Pages;
import dev.simvisor.proto.node.TransferChunk;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** The source's end of one migration's page stream. */
final class PageSender implements PageStreams.Outgoing {
    /** Of transfer.proto. */
    static final int PROTOCOL_VERSION = 1;

    private static final int PAGES_PER_CHUNK = 64;

    private final ManagedChannel channel;
    private final Stream stream = new Stream();
    private long sent;

    PageSender(ManagedChannel channel, long migration) {
        this.channel = channel;
        PageTransferGrpc.newStub(channel).send(stream);
        Hello hello = Hello.newBuilder()
                .setVersion(PROTOCOL_VERSION)
                .setMigration(migration)
                .build();
        stream.start(TransferChunk.newBuilder().setHello(hello).build());
    }

    @Override
    public PageStreams.SentPages send(GuestMachine machine, BitSet gfns) throws TransferBroken, InterruptedException {
        long zeroPages = 0;
        int gfn = gfns.nextSetBit(0);
        while (gfn >= 0) {
            Pages.Builder chunk = Pages.newBuilder();
            byte[] contents = new byte[PAGES_PER_CHUNK * PAGE_BYTES];
            while (gfn >= 0 && chunk.getGfnsCount() < PAGES_PER_CHUNK && chunk.getZeroGfnsCount() < contents.length) {
                if (machine.pages().isZero(gfn)) {
                    chunk.addZeroGfns(gfn);
                } else {
                    machine.pages().readPage(gfn, contents, chunk.getGfnsCount() * PAGE_BYTES);
                    chunk.addGfns(gfn);
                }
                gfn = gfns.nextSetBit(gfn + 1);
            }
            // The array is not touched again, so it need not be copied.
            chunk.setContents(UnsafeByteOperations.unsafeWrap(contents, 0, chunk.getGfnsCount() * PAGE_BYTES));
            zeroPages += chunk.getZeroGfnsCount();
            sent += chunk.getGfnsCount() + chunk.getZeroGfnsCount();
            stream.put(TransferChunk.newBuilder().setPages(chunk).build());
        }
        return new PageStreams.SentPages(gfns.cardinality() - zeroPages, zeroPages);
    }

    @Override
    public void finish(ByteString deviceState) throws TransferBroken, InterruptedException {
        Finish finish =
                Finish.newBuilder().setDeviceState(deviceState).setPages(sent).build();
        stream.put(TransferChunk.newBuilder().setFinish(finish).build());
        stream.awaitFinished();
    }

    @Override
    public void close() {
        stream.cancel();
        channel.shutdownNow();
    }

    /** The call, and what its callbacks said; its monitor guards all of it. */
    private static final class Stream implements ClientResponseObserver<TransferChunk, Applied> {
        private @Nullable ClientCallStreamObserver<TransferChunk> call;
        private @Nullable String failure;
        private boolean finished;

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

        void start(TransferChunk hello) {
            call().onNext(hello);
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

        synchronized void awaitFinished() throws TransferBroken, InterruptedException {
            while (!finished) {
                if (failure != null) {
                    throw new TransferBroken(failure);
                }
                wait();
            }
        }

        void cancel() {
            call().cancel("closed by the source", null);
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
}
