package dev.simvisor.node.machine.network;

/**
 * A card that a machine is to have.
 *
 * @param address its own on the Ethernet
 * @param network what it is plugged into
 */
public record NetworkCard(MacAddress address, Ethernet network) {}
