package dev.simvisor.node.machine;

/** Saved state does not fit this machine or this version; the message is one line. */
public final class UnusableStateException extends Exception {
    private static final long serialVersionUID = 1L;

    public UnusableStateException(String message) {
        super(message);
    }
}
