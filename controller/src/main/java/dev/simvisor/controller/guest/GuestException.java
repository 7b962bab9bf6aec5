package dev.simvisor.controller.guest;

/** A guest that cannot be fetched or used. The message is one line for the user: what is wrong, and what to do next. */
public final class GuestException extends Exception {
    private static final long serialVersionUID = 1;

    GuestException(String message) {
        super(message);
    }

    GuestException(String message, Throwable cause) {
        super(message, cause);
    }
}
