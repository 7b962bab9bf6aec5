package dev.simvisor.node.host.transfer;

/** A page stream ended before all was sent; the message is one line. */
public final class TransferBroken extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    TransferBroken(String reason) {
        super(reason);
        this.reason = reason;
    }

    /** The message. */
    public String reason() {
        return reason;
    }
}
