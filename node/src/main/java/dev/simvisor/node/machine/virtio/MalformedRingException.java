package dev.simvisor.node.machine.virtio;

/** A driver's ring breaks the rules of the specification; the device needs a reset (§2.1.1). */
final class MalformedRingException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedRingException(String message) {
        super(message);
    }
}
