package dev.simvisor.controller.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Standard output that remembers why it could not be written: a {@link PrintStream} keeps that to itself. */
final class StandardOutput extends WatchedOutput {
    /** What the C library says of EPIPE. */
    private static final String NO_READER = "Broken pipe";

    private @Nullable IOException failure;

    private StandardOutput() {
        super(new FileOutputStream(FileDescriptor.out));
    }

    /** Puts one in place of {@link System#out}. */
    static StandardOutput install() {
        StandardOutput output = new StandardOutput();
        System.setOut(new PrintStream(output, false, System.out.charset()));
        return output;
    }

    @Override
    IOException failed(IOException reason) {
        if (failure == null) {
            failure = reason;
        }
        return reason;
    }

    /** Why not all was written; null also where nobody wanted to read more of it, as {@code head} does. */
    @Nullable
    String problem() {
        System.out.flush();
        if (failure == null || NO_READER.equals(failure.getMessage())) {
            return null;
        }
        return failure.getMessage();
    }
}
