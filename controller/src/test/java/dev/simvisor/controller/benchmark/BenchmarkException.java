package dev.simvisor.controller.benchmark;

/** The benchmark cannot go on. The message is one line for the user: what is missing or went wrong, and what to do next. */
final class BenchmarkException extends Exception {
    private static final long serialVersionUID = 1;

    BenchmarkException(String message) {
        super(message);
    }
}
