package dev.simvisor.node.vmm;

/** Saved state, or a snapshot file, that cannot be restored; the message is one line that says what is wrong. */
public final class StateRefused extends Exception {
    private static final long serialVersionUID = 1L;

    public StateRefused(String message) {
        super(message);
    }
}
