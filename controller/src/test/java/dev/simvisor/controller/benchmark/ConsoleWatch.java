package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** What a guest writes on its console, and when. */
final class ConsoleWatch {
    private static final int POLL_MILLIS = 1;
    private static final int SHOWN_ON_FAILURE = 400;

    private final InputStream console;
    private final Process emulator;
    private final StringBuilder text = new StringBuilder();
    private int passed;

    /**
     * @param console the console's bytes; may report its end and yet have more later, as a growing file does
     * @param emulator whose end is the end of the console
     */
    ConsoleWatch(InputStream console, Process emulator) {
        this.console = console;
        this.emulator = emulator;
    }

    /**
     * Waits for a marker after the one that was waited for before.
     *
     * @return {@link System#nanoTime} when it was seen, to a millisecond
     * @throws BenchmarkException when the emulator ends or the time is up before that
     */
    long await(String marker, Duration limit) throws BenchmarkException, IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            boolean ended = !emulator.isAlive();
            boolean more = readAvailable();
            int at = text.indexOf(marker, passed);
            if (at >= 0) {
                passed = at + marker.length();
                return System.nanoTime();
            }
            if (ended && !more) {
                throw failure("ended with status " + emulator.exitValue(), marker);
            }
            if (System.nanoTime() > deadline) {
                throw failure("took longer than " + limit.toSeconds() + " s", marker);
            }
            if (!more) {
                Thread.sleep(POLL_MILLIS);
            }
        }
    }

    /** What follows the last marker on its line, waiting for the line's end. */
    String line(Duration limit) throws BenchmarkException, IOException, InterruptedException {
        int start = passed;
        await("\n", limit);
        return text.substring(start, passed).strip();
    }

    private boolean readAvailable() throws IOException {
        int available = console.available();
        if (available <= 0) {
            return false;
        }
        text.append(new String(console.readNBytes(available), StandardCharsets.ISO_8859_1));
        return true;
    }

    private BenchmarkException failure(String what, String marker) {
        String tail = text.substring(Math.max(0, text.length() - SHOWN_ON_FAILURE));
        return new BenchmarkException(what + " before the console showed \"" + marker + "\"; it ends with: " + tail);
    }
}
