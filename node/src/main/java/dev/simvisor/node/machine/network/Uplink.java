package dev.simvisor.node.machine.network;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A cable with one card at its end; whoever holds the other end gets what the card sends, and sends to it. A card that is plugged in
 * takes the place of the one before, as a guest's next back end does.
 */
public final class Uplink implements Ethernet {
    private @Nullable Plug plug;
    private Consumer<byte[]> sink = frame -> {};

    /** Who gets, from now on, the frames that the card sends, each an array of its own of a legal length. */
    public void sendTo(Consumer<byte[]> receiver) {
        sink = receiver;
    }

    /** Sends a frame to the card; lost when there is none. */
    public void receive(byte[] frame) {
        if (plug != null) plug.card.receive(frame);
    }

    @Override
    public NetworkPort connect(NetworkPort.Card card) {
        plug = new Plug(card);
        return plug;
    }

    private final class Plug implements NetworkPort {
        private final Card card;

        Plug(Card card) {
            this.card = card;
        }

        @Override
        public void send(byte[] frame) {
            if (NetworkPort.carries(frame.length) && plug == this) sink.accept(frame.clone());
        }

        @Override
        public void disconnect() {
            if (plug == this) plug = null;
        }
    }
}
