package dev.simvisor.controller.boot;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A serial line made of streams: those of this process, or a file that nobody types into. */
public class StreamLine implements SerialLine {
    private final @Nullable InputPump input;
    private final OutputStream output;
    private boolean unshown;

    /** @param input nothing where nobody can type; the output is then this line's own, to be closed with it */
    StreamLine(@Nullable InputPump input, OutputStream output) {
        this.input = input;
        this.output = new BufferedOutputStream(output);
    }

    /** Input and output as they are, with every byte the guest's. */
    public static StreamLine of(InputStream input, OutputStream output) throws IOException, InterruptedException {
        return new StreamLine(InputPump.start(input, EscapeKeys.none()), output);
    }

    /** What the guest says goes there, and nobody types. */
    public static StreamLine to(OutputStream output) {
        return new StreamLine(null, output);
    }

    @Override
    public byte[] takeInput() {
        return input == null ? new byte[0] : input.take();
    }

    @Override
    public boolean isOpen() {
        return input != null && input.isOpen();
    }

    @Override
    public boolean quitRequested() {
        return input != null && input.quitRequested();
    }

    @Override
    public void awaitInput(long nanos) throws InterruptedException {
        if (input == null) {
            Thread.sleep(Duration.ofNanos(nanos));
        } else {
            input.await(nanos);
        }
    }

    /** A whole line is shown at once, so that whoever reads it knows when it was said. */
    @Override
    public void put(int value) {
        try {
            output.write(value);
            unshown = true;
            if (value == '\n') flush();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void flush() throws IOException {
        if (unshown) {
            unshown = false;
            output.flush();
        }
    }

    @Override
    public void close() throws IOException {
        output.flush();
        if (input == null) {
            output.close();
        }
    }
}
