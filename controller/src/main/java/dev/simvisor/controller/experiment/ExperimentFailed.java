package dev.simvisor.controller.experiment;

/** An experiment that could not be run as written. The message is one line: what went wrong and when. */
public final class ExperimentFailed extends Exception {
    private static final long serialVersionUID = 1;

    ExperimentFailed(String message) {
        super(message);
    }
}
