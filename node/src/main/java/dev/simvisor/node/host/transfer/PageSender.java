package dev.simvisor.node.host.transfer;

import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.migration.PageCoding;
import dev.simvisor.node.vmm.migration.SentPageCache;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.proto.node.Finish;
import dev.simvisor.proto.node.Hello;
import dev.simvisor.proto.node.TransferChunk;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The source's end of one migration's page streams. They are fed by one thread, which is the host's: that each channel has a
 * thread of its own is a matter of virtual time alone.
 */
final class PageSender implements PageStreams.Outgoing {
    /** Of transfer.proto. */
    static final int PROTOCOL_VERSION = 4;

    private final List<ChunkStream> streams = new ArrayList<>();
    private final boolean compressed;
    private final @Nullable SentPageCache cache;
    private long sent;
    private boolean closed;

    /** @param connect makes a connection to the target */
    PageSender(Supplier<ManagedChannel> connect, long migration, PageCoding coding) {
        this.compressed = coding.zstd();
        this.cache = coding.deltaCacheBytes() == 0 ? null : new SentPageCache(coding.deltaCacheBytes());
        for (int channel = 0; channel < coding.channels(); channel++) {
            Hello hello = Hello.newBuilder()
                    .setVersion(PROTOCOL_VERSION)
                    .setMigration(migration)
                    .setChannel(channel)
                    .build();
            streams.add(ChunkStream.open(connect.get(), hello));
        }
    }

    @Override
    public SentPages send(GuestMachine machine, BitSet gfns) throws TransferBroken, InterruptedException {
        if (cache != null) {
            cache.beginRound();
        }
        return send(gfns, () -> new PageChunk(machine.pages(), cache, compressed));
    }

    @Override
    public BitSet sendAsTheyAre(GuestMachine machine, BitSet gfns) throws TransferBroken, InterruptedException {
        BitSet zeros = new BitSet();
        gfns.stream().filter(machine.pages()::isZero).forEach(zeros::set);
        send(gfns, () -> new PageChunk(machine.pages(), null, false));
        return zeros;
    }

    private SentPages send(BitSet gfns, Supplier<PageChunk> newChunk) throws TransferBroken, InterruptedException {
        @Nullable PageChunk[] open = new PageChunk[streams.size()];
        SentPages round = SentPages.NONE;
        for (int gfn = gfns.nextSetBit(0); gfn >= 0; gfn = gfns.nextSetBit(gfn + 1)) {
            int channel = channelOf(gfn);
            PageChunk chunk = open[channel];
            if (chunk != null && !chunk.hasRoom()) {
                round = round.with(put(channel, chunk));
                chunk = null;
            }
            if (chunk == null) {
                chunk = newChunk.get();
                open[channel] = chunk;
            }
            chunk.add(gfn);
        }
        for (int channel = 0; channel < open.length; channel++) {
            PageChunk chunk = open[channel];
            if (chunk != null) {
                round = round.with(put(channel, chunk));
            }
        }
        sent += gfns.cardinality();
        return round;
    }

    /** Always the same for a page, so that nothing sent of it overtakes what was sent of it before; and one for neighbours. */
    private int channelOf(int gfn) {
        return gfn / PageChunk.MOST_FULL_PAGES % streams.size();
    }

    private SentPages put(int channel, PageChunk chunk) throws TransferBroken, InterruptedException {
        PageChunk.Coded coded = chunk.coded();
        streams.get(channel)
                .put(TransferChunk.newBuilder().setPages(coded.message()).build());
        return coded.sent();
    }

    @Override
    public long finish(ByteString deviceState, BitSet withheld) throws TransferBroken, InterruptedException {
        for (ChunkStream other : streams.subList(1, streams.size())) {
            other.finish(Finish.getDefaultInstance());
        }
        List<Integer> runs = PageRuns.of(withheld);
        streams.getFirst()
                .finish(Finish.newBuilder()
                        .setDeviceState(deviceState)
                        .setPages(sent)
                        .addAllWithheldRuns(runs)
                        .build());
        return deviceState.size() + (long) Integer.BYTES * runs.size();
    }

    @Override
    public void close() {
        streams.forEach(ChunkStream::close);
        if (cache != null && !closed) {
            cache.close();
        }
        closed = true;
    }
}
