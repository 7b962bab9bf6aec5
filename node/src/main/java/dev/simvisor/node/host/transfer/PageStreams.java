package dev.simvisor.node.host.transfer;

import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.migration.PageCoding;
import dev.simvisor.node.vmm.migration.SentPages;
import java.util.BitSet;

/** Where page streams come from: what a host needs of the network. A migration's channels are one stream here. */
public interface PageStreams {
    /** Opens a stream to the node at {@code address} for a migration that it expects. */
    Outgoing open(String address, long migration, PageCoding coding);

    /** Lets the pages of a migration that come in be written to a machine, which nobody else may touch meanwhile. */
    Incoming expect(long migration, GuestMachine machine);

    /** The source's end of a stream. Calls wait while the receiver is slower. */
    interface Outgoing extends AutoCloseable {
        /** Reads pages of the machine, as they are now, and sends them: a round. */
        SentPages send(GuestMachine machine, BitSet gfns) throws TransferBroken, InterruptedException;

        /** As {@link #send}, but as they are; returns which of the pages hold nothing but zeros. */
        BitSet sendAsTheyAre(GuestMachine machine, BitSet gfns) throws TransferBroken, InterruptedException;

        /**
         * Sends the device state as the last of all, and waits until the receiver has applied everything.
         *
         * @param withheld pages that have been sent, but that the guest is not to have yet
         * @return what it takes on the wire
         */
        long finish(ByteString deviceState, BitSet withheld) throws TransferBroken, InterruptedException;

        /** Ends the stream; one that has not been finished breaks at the receiver. */
        @Override
        void close();
    }

    /** What comes last on a stream, as {@link Outgoing#finish} sent it. */
    record Arrival(ByteString deviceState, BitSet withheld) {}

    /** The target's end of a stream. */
    interface Incoming extends AutoCloseable {
        /** Waits until everything has been applied. */
        Arrival await() throws TransferBroken, InterruptedException;

        /** No page is written once this has returned. */
        @Override
        void close();
    }
}
