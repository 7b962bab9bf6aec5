package dev.simvisor.controller.boot;

import java.io.ByteArrayOutputStream;

/**
 * Takes the keys out of what is typed that are for Simvisor: Ctrl-A x ends the VM, Ctrl-A Ctrl-A types one Ctrl-A, and any
 * other key after Ctrl-A goes to the guest together with it.
 */
public final class EscapeKeys {
    private static final byte CONTROL_A = 1;

    private final boolean enabled;
    private boolean escaped;
    private volatile boolean quit;

    private EscapeKeys(boolean enabled) {
        this.enabled = enabled;
    }

    /** For a terminal with somebody before it. */
    public static EscapeKeys ofTerminal() {
        return new EscapeKeys(true);
    }

    /** For a stream, in which every byte is the guest's. */
    public static EscapeKeys none() {
        return new EscapeKeys(false);
    }

    /** What of the first {@code length} bytes is for the guest. */
    public byte[] filter(byte[] typed, int length) {
        ByteArrayOutputStream forGuest = new ByteArrayOutputStream(length + 1);
        for (int i = 0; i < length; i++) {
            byte key = typed[i];
            if (!enabled) {
                forGuest.write(key);
            } else if (escaped) {
                escaped = false;
                afterEscape(key, forGuest);
            } else if (key == CONTROL_A) {
                escaped = true;
            } else {
                forGuest.write(key);
            }
        }
        return forGuest.toByteArray();
    }

    private void afterEscape(byte key, ByteArrayOutputStream forGuest) {
        if (key == 'x') {
            quit = true;
            return;
        }
        forGuest.write(CONTROL_A);
        if (key != CONTROL_A) {
            forGuest.write(key);
        }
    }

    /** Whether Ctrl-A x was typed. */
    public boolean quitRequested() {
        return quit;
    }
}
