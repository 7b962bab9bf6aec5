package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.ConsoleOutput;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** What a console said, piece by piece; none may be missing. */
class Transcript {
    private final StringBuilder text = new StringBuilder();
    private long end;

    synchronized void add(ConsoleOutput piece) {
        assertThat(piece.getOffset()).isEqualTo(end);
        end += piece.getBytes().size();
        text.append(piece.getBytes().toString(StandardCharsets.ISO_8859_1));
        notifyAll();
    }

    void await(String expected) throws InterruptedException {
        await(expected, 1);
    }

    /** Waits until the console has said something so many times. */
    synchronized void await(String expected, int times) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
        while (text.toString().split(Pattern.quote(expected), -1).length <= times) {
            assertThat(System.nanoTime())
                    .as("awaiting '%s' after %s", expected, text)
                    .isLessThan(deadline);
            wait(1000);
        }
    }

    synchronized String text() {
        return text.toString();
    }
}
