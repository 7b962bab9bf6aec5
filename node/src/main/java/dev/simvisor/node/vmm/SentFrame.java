package dev.simvisor.node.vmm;

/**
 * An Ethernet frame that a guest has sent.
 *
 * @param nanos the virtual time at which it left the guest's card
 * @param bytes from the destination address on, without checksum
 */
public record SentFrame(long nanos, byte[] bytes) {}
