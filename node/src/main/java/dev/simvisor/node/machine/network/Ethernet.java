package dev.simvisor.node.machine.network;

/** What network cards are plugged into. */
@FunctionalInterface
public interface Ethernet {
    /** A port for a card. */
    NetworkPort connect(NetworkPort.Card card);
}
