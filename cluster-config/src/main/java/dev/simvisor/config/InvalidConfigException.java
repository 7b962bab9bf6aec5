package dev.simvisor.config;

/**
 * A configuration that cannot be used. The message is one line: file and line, field, and what was expected there; it is
 * meant to be shown as it stands.
 */
public final class InvalidConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    InvalidConfigException(String message) {
        super(message);
    }
}
