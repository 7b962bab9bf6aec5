package dev.simvisor.node.machine.boot;

/** An image cannot be booted; the message is one line that names it and what was expected. */
public final class InvalidImageException extends Exception {
    private static final long serialVersionUID = 1L;

    public InvalidImageException(String message) {
        super(message);
    }
}
