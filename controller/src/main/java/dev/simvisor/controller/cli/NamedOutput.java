package dev.simvisor.controller.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** An output whose failures say which it is: "No space left on device" alone leaves the user to guess. */
final class NamedOutput extends FilterOutputStream {
    private final String name;

    /** @param name as messages call it, such as an option with its file */
    NamedOutput(String name, OutputStream output) {
        super(output);
        this.name = name;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException failed) {
            throw new IOException(name + ": " + failed.getMessage(), failed);
        }
    }
}
