package dev.simvisor.controller.boot;

import java.io.IOException;

/**
 * Where a VM's serial port leads. {@link #put} and {@link #flush} are called by the thread that runs the VM; what is typed
 * arrives on another one.
 */
public interface SerialLine extends AutoCloseable {
    /** What was typed since the last call, for the guest alone. */
    byte[] takeInput();

    /** Whether anything may still be typed. */
    boolean isOpen();

    /** Whether the user asked to end the VM. */
    boolean quitRequested();

    /** Waits until something is typed, but no longer than so many nanoseconds. */
    void awaitInput(long nanos) throws InterruptedException;

    /** Sends a byte from the guest, 0 to 255. */
    void put(int value);

    /** Shows what was put. */
    void flush() throws IOException;

    @Override
    void close() throws IOException;
}
