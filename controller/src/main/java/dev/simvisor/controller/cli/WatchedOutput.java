package dev.simvisor.controller.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** An output of whose failures more is to be known than who writes to it would learn. */
abstract class WatchedOutput extends FilterOutputStream {
    WatchedOutput(OutputStream output) {
        super(output);
    }

    /** A write has failed. Returns what to tell the writer. */
    abstract IOException failed(IOException failure);

    @Override
    public final void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public final void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException failure) {
            throw failed(failure);
        }
    }
}
