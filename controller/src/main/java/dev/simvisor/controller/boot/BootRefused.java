package dev.simvisor.controller.boot;

/** A VM that cannot be booted as asked. The message is one line: what is wrong, and what was expected. */
public final class BootRefused extends Exception {
    private static final long serialVersionUID = 1;

    public BootRefused(String message) {
        super(message);
    }
}
