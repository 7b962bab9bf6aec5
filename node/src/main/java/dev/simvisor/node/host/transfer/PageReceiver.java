package dev.simvisor.node.host.transfer;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.migration.PageDelta;
import dev.simvisor.proto.node.Applied;
import dev.simvisor.proto.node.Finish;
import dev.simvisor.proto.node.Pages;
import dev.simvisor.proto.node.TransferChunk;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** The pages of one migration on their way into the target's machine. */
final class PageReceiver implements PageStreams.Incoming {
    private final GuestMachine machine;
    private final Runnable whenClosed;
    private final byte[] page = new byte[PAGE_BYTES];
    private final byte[] unpacked = new byte[PageChunk.MOST_FULL_PAGES * PAGE_BYTES];
    /** What the source may send deltas of. */
    private final BitSet arrived = new BitSet();

    private long applied;
    private PageStreams.@Nullable Arrival arrival;
    private @Nullable String failure;
    private boolean closed;

    PageReceiver(GuestMachine machine, Runnable whenClosed) {
        this.machine = machine;
        this.whenClosed = whenClosed;
    }

    /** Applies a chunk of one of the migration's channels; the answer says how far that is. */
    synchronized Applied apply(TransferChunk chunk, int channel) throws TransferBroken {
        if (closed) {
            throw new TransferBroken("the migration was given up at the target");
        }
        try {
            switch (chunk.getChunkCase()) {
                case HELLO -> {}
                case PAGES -> write(chunk.getPages());
                case FINISH -> {
                    if (channel == 0) {
                        finish(chunk.getFinish());
                    }
                }
                case CHUNK_NOT_SET -> throw new TransferBroken("a chunk of a kind this version does not know");
            }
        } catch (TransferBroken e) {
            broken(e.reason());
            throw e;
        }
        return Applied.newBuilder()
                .setPages(applied)
                .setFinished(chunk.hasFinish())
                .build();
    }

    private void write(Pages pages) throws TransferBroken {
        ByteString contents = contents(pages);
        if (contents.size() != (long) pages.getGfnsCount() * PAGE_BYTES) {
            throw new TransferBroken(
                    "a chunk of " + pages.getGfnsCount() + " pages with " + contents.size() + " bytes of contents");
        }
        if (pages.getDeltasCount() != pages.getDeltaGfnsCount()) {
            throw new TransferBroken(
                    "a chunk of " + pages.getDeltaGfnsCount() + " pages with " + pages.getDeltasCount() + " deltas");
        }
        for (int i = 0; i < pages.getGfnsCount(); i++) {
            contents.copyTo(page, i * PAGE_BYTES, 0, PAGE_BYTES);
            machine.pages().writePage(checked(pages.getGfns(i)), page, 0);
            arrived.set(pages.getGfns(i));
        }
        for (int gfn : pages.getZeroGfnsList()) {
            machine.pages().clearPage(checked(gfn));
            arrived.set(gfn);
        }
        for (int i = 0; i < pages.getDeltaGfnsCount(); i++) {
            change(checked(pages.getDeltaGfns(i)), pages.getDeltas(i));
        }
        applied += pages.getGfnsCount() + pages.getZeroGfnsCount() + pages.getDeltaGfnsCount();
    }

    /** As they are, wherever they have come from. */
    private ByteString contents(Pages pages) throws TransferBroken {
        if (pages.getZstd().isEmpty()) {
            return pages.getContents();
        }
        if (pages.getGfnsCount() > PageChunk.MOST_FULL_PAGES
                || !pages.getContents().isEmpty()) {
            throw new TransferBroken("a chunk of " + pages.getGfnsCount() + " compressed pages and "
                    + pages.getContents().size() + " bytes of others");
        }
        int length = pages.getGfnsCount() * PAGE_BYTES;
        ZstdFrame.unpack(pages.getZstd(), unpacked, length);
        return UnsafeByteOperations.unsafeWrap(unpacked, 0, length);
    }

    private void change(int gfn, ByteString delta) throws TransferBroken {
        if (!arrived.get(gfn)) {
            throw new TransferBroken("a delta of page " + gfn + ", which has not come before");
        }
        machine.pages().readPage(gfn, page, 0);
        try {
            PageDelta.apply(page, delta.toByteArray());
        } catch (PageDelta.Malformed e) {
            throw new TransferBroken("a delta of page " + gfn + " with " + e.getMessage());
        }
        machine.pages().writePage(gfn, page, 0);
    }

    private int checked(int gfn) throws TransferBroken {
        if (!machine.pages().isMemory(gfn)) {
            throw new TransferBroken("page " + gfn + " is outside the VM's memory");
        }
        return gfn;
    }

    private void finish(Finish finish) throws TransferBroken {
        if (finish.getPages() != applied) {
            throw new TransferBroken(applied + " pages arrived of " + finish.getPages());
        }
        BitSet withheld = withheld(finish);
        for (int gfn = withheld.nextSetBit(0); gfn >= 0; gfn = withheld.nextSetBit(gfn + 1)) {
            if (!arrived.get(checked(gfn))) {
                throw new TransferBroken("page " + gfn + " is withheld, and has not come");
            }
        }
        arrival = new PageStreams.Arrival(finish.getDeviceState(), withheld);
        notifyAll();
    }

    private BitSet withheld(Finish finish) throws TransferBroken {
        try {
            return PageRuns.toSet(finish.getWithheldRunsList(), machine.pages().endFrame());
        } catch (IllegalArgumentException e) {
            throw new TransferBroken("withheld are " + e.getMessage());
        }
    }

    /** Nothing more comes; of no consequence once everything has. */
    synchronized void broken(String reason) {
        if (failure == null && arrival == null) {
            failure = reason;
            notifyAll();
        }
    }

    @Override
    public synchronized PageStreams.Arrival await() throws TransferBroken, InterruptedException {
        while (arrival == null) {
            if (failure != null) {
                throw new TransferBroken(failure);
            }
            wait();
        }
        return arrival;
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            broken("the migration was given up at the target");
        }
        whenClosed.run();
    }
}
