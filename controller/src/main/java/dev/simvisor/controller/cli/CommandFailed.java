package dev.simvisor.controller.cli;

/** A command that could not do what it was asked. The message is one line: what is wrong, and what to do next. */
final class CommandFailed extends Exception {
    private static final long serialVersionUID = 1;

    CommandFailed(String message) {
        super(message);
    }
}
