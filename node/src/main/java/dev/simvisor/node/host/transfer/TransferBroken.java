package dev.simvisor.node.host.transfer;

/** A page stream ended before all was sent; the message is one line. */
public final class TransferBroken extends Exception {
    private static final long serialVersionUID = 1L;

    TransferBroken(String message) {
        super(message);
    }
}
