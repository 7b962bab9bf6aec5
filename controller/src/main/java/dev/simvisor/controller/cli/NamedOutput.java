package dev.simvisor.controller.cli;

import java.io.IOException;
import java.io.OutputStream;

/** An output whose failures say which it is: "No space left on device" alone leaves the user to guess. */
final class NamedOutput extends WatchedOutput {
    private final String name;

    /** @param name as messages call it, such as an option with its file */
    NamedOutput(String name, OutputStream output) {
        super(output);
        this.name = name;
    }

    @Override
    IOException failed(IOException failure) {
        return new IOException(name + ": " + failure.getMessage(), failure);
    }
}
