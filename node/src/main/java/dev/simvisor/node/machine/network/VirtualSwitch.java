package dev.simvisor.node.machine.network;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A switch that learns from each frame's source address which port leads there, and sends what it knows no port for to all
 * others (IEEE 802.1D, without the spanning tree: there is one switch).
 *
 * <p>Frames are delivered in the order they came: a card that answers a frame while it receives it has its answer delivered
 * after all that came before.
 */
public final class VirtualSwitch implements Ethernet {
    private static final int DESTINATION = 0;
    private static final int SOURCE = 6;

    /** Addresses that are remembered: a card that makes up more has all its frames go everywhere. */
    private static final int MOST_ADDRESSES = 4096;

    private record Delivery(Port from, byte[] frame) {}

    private final List<Port> ports = new ArrayList<>();
    private final Map<MacAddress, Port> learned = new HashMap<>();
    private final ArrayDeque<Delivery> waiting = new ArrayDeque<>();
    private boolean delivering;

    @Override
    public NetworkPort connect(NetworkPort.Card card) {
        Port port = new Port(card);
        ports.add(port);
        return port;
    }

    private void forward(Port from, byte[] frame) {
        waiting.add(new Delivery(from, frame));
        if (delivering) {
            return;
        }
        delivering = true;
        try {
            for (Delivery next = waiting.poll(); next != null; next = waiting.poll()) {
                deliver(next);
            }
        } finally {
            delivering = false;
        }
    }

    private void deliver(Delivery delivery) {
        byte[] frame = delivery.frame();
        learn(MacAddress.at(frame, SOURCE), delivery.from());
        MacAddress destination = MacAddress.at(frame, DESTINATION);
        @Nullable Port only = destination.isGroup() ? null : learned.get(destination);
        if (only != null) {
            if (only != delivery.from()) {
                only.card.receive(frame.clone());
            }
            return;
        }
        for (Port port : List.copyOf(ports)) {
            if (port != delivery.from()) {
                port.card.receive(frame.clone());
            }
        }
    }

    private void learn(MacAddress source, Port port) {
        if (!source.isGroup() && (learned.containsKey(source) || learned.size() < MOST_ADDRESSES)) {
            learned.put(source, port);
        }
    }

    private final class Port implements NetworkPort {
        private final Card card;

        Port(Card card) {
            this.card = card;
        }

        @Override
        public void send(byte[] frame) {
            if (NetworkPort.carries(frame.length) && ports.contains(this)) {
                forward(this, frame.clone());
            }
        }

        @Override
        public void disconnect() {
            ports.remove(this);
            learned.values().removeIf(port -> port == this);
        }
    }
}
