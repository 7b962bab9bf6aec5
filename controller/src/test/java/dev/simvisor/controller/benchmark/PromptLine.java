package dev.simvisor.controller.benchmark;

import dev.simvisor.controller.boot.SerialLine;
import java.nio.charset.StandardCharsets;

/** A serial line at which somebody waits for a text, types nothing, and leaves when it is there. */
final class PromptLine implements SerialLine {
    private final byte[] text;
    private int matched;

    PromptLine(String text) {
        this.text = text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public byte[] takeInput() {
        return new byte[0];
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public boolean quitRequested() {
        return matched == text.length;
    }

    @Override
    public void awaitInput(long nanos) throws InterruptedException {
        Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
    }

    /** A mismatch begins anew at that byte, which is all there is to it for a text whose first byte does not occur again. */
    @Override
    public void put(int value) {
        if (quitRequested()) return;
        if (value != (text[matched] & 0xff)) matched = 0;
        if (value == (text[matched] & 0xff)) matched++;
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
