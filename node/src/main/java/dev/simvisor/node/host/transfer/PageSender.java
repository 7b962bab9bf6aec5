package dev.simvisor.node.host.transfer;

import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.migration.SentPageCache;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.proto.node.Applied;
import dev.simvisor.proto.node.Finish;
import dev.simvisor.proto.node.Hello;
import dev.simvisor.proto.node.PageTransferGrpc;
import dev.simvisor.proto.node.TransferChunk;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The source's end of one migration's page stream. */
final class PageSender implements PageStreams.Outgoing {
    /** Of transfer.proto. */
    static final int PROTOCOL_VERSION = 3;

    private final ManagedChannel channel;
    private final Stream stream = new Stream();
    private final @Nullable SentPageCache cache;
    private long sent;

    /** @param deltaCacheBytes what it may use to remember pages; 0 is none, and no deltas */
    PageSender(ManagedChannel channel, long migration, long deltaCacheBytes) {
        this.channel = channel;
        this.cache = deltaCacheBytes == 0 ? null : new SentPageCache(deltaCacheBytes);
        PageTransferGrpc.newStub(channel).send(stream);
        Hello hello = Hello.newBuilder()
                .setVersion(PROTOCOL_VERSION)
                .setMigration(migration)
                .build();
        stream.start(TransferChunk.newBuilder().setHello(hello).build());
    }

    @Override
    public SentPages send(GuestMachine machine, BitSet gfns) throws TransferBroken, InterruptedException {
        if (cache != null) {
            cache.beginRound();
        }
        return send(machine, gfns, cache);
    }

    @Override
    public BitSet sendInFull(GuestMachine machine, BitSet gfns) throws TransferBroken, InterruptedException {
        BitSet zeros = new BitSet();
        gfns.stream().filter(machine.pages()::isZero).forEach(zeros::set);
        send(machine, gfns, null);
        return zeros;
    }

    private SentPages send(GuestMachine machine, BitSet gfns, @Nullable SentPageCache known)
            throws TransferBroken, InterruptedException {
        SentPages round = SentPages.NONE;
        int gfn = gfns.nextSetBit(0);
        while (gfn >= 0) {
            PageChunk chunk = new PageChunk(machine.pages(), known);
            while (gfn >= 0 && chunk.hasRoom()) {
                chunk.add(gfn);
                gfn = gfns.nextSetBit(gfn + 1);
            }
            round = round.with(chunk.sent());
            stream.put(TransferChunk.newBuilder().setPages(chunk.message()).build());
        }
        sent += gfns.cardinality();
        return round;
    }

    @Override
    public long finish(ByteString deviceState, BitSet withheld) throws TransferBroken, InterruptedException {
        List<Integer> runs = PageRuns.of(withheld);
        Finish finish = Finish.newBuilder()
                .setDeviceState(deviceState)
                .setPages(sent)
                .addAllWithheldRuns(runs)
                .build();
        stream.put(TransferChunk.newBuilder().setFinish(finish).build());
        stream.awaitFinished();
        return deviceState.size() + (long) Integer.BYTES * runs.size();
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
