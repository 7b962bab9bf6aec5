package dev.simvisor.controller.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class InputPumpTest {
    private static final long SEED = 1;

    @Test
    void whatIsThereAtOnceIsThereWhenItStarts() throws Exception {
        InputPump pump = InputPump.start(new ByteArrayInputStream("typed ahead".getBytes()), EscapeKeys.none());

        assertThat(pump.take()).asString().isEqualTo("typed ahead");
        await().until(() -> !pump.isOpen());
    }

    @Test
    void noByteIsLostOrReorderedThoughTheReaderIsSlow() throws Exception {
        byte[] sent = new byte[5 << 20];
        new Random(SEED).nextBytes(sent);
        InputPump pump = InputPump.start(new ByteArrayInputStream(sent), EscapeKeys.none());

        ByteArrayOutputStream received = new ByteArrayOutputStream();
        while (received.size() < sent.length) {
            received.writeBytes(pump.take());
        }
        assertThat(received.toByteArray()).isEqualTo(sent);
    }

    @Test
    void waitingEndsWithAKey() throws Exception {
        PipedOutputStream keyboard = new PipedOutputStream();
        InputPump pump = InputPump.start(new PipedInputStream(keyboard), EscapeKeys.none());
        Thread typist = Thread.ofPlatform().start(() -> type(keyboard));

        pump.await(TimeUnit.MINUTES.toNanos(1));

        assertThat(pump.take()).asString().isEqualTo("k");
        typist.join();
    }

    private static void type(PipedOutputStream keyboard) {
        try {
            keyboard.write('k');
            keyboard.flush();
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
