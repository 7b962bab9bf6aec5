package dev.simvisor.controller.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Reads a stream on a thread of its own, so that a VM can run while nobody types. No byte is lost or reordered. */
final class InputPump {
    /** A reader that is so far ahead of the guest waits: what is piped in may be large. */
    private static final int MOST_PENDING = 1 << 20;

    private static final int CHUNK = 4096;

    private final InputStream source;
    private final EscapeKeys keys;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private ByteArrayOutputStream pending = new ByteArrayOutputStream();
    private boolean ended;

    private InputPump(InputStream source, EscapeKeys keys) {
        this.source = source;
        this.keys = keys;
    }

    /**
     * Starts reading. What a file or a full pipe has at once is there when this returns, so that the guest gets it at the same
     * virtual time in every run.
     */
    static InputPump start(InputStream source, EscapeKeys keys) throws IOException, InterruptedException {
        InputPump pump = new InputPump(source, keys);
        while (source.available() > 0 && pump.pending.size() < MOST_PENDING && pump.readSome()) {}
        Thread.ofPlatform().daemon().name("console input").start(pump::readAll);
        return pump;
    }

    private void readAll() {
        try {
            while (readSome()) {}
        } catch (IOException | InterruptedException closed) {
            // The stream cannot be read any more: as good as its end.
        }
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean readSome() throws IOException, InterruptedException {
        byte[] chunk = new byte[CHUNK];
        int length = source.read(chunk);
        if (length < 0) {
            return false;
        }
        lock.lockInterruptibly();
        try {
            while (pending.size() >= MOST_PENDING) {
                changed.await();
            }
            pending.writeBytes(keys.filter(chunk, length));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return true;
    }

    byte[] take() {
        lock.lock();
        try {
            byte[] taken = pending.toByteArray();
            if (taken.length > 0) {
                pending = new ByteArrayOutputStream();
                changed.signalAll();
            }
            return taken;
        } finally {
            lock.unlock();
        }
    }

    boolean isOpen() {
        lock.lock();
        try {
            return !ended;
        } finally {
            lock.unlock();
        }
    }

    boolean quitRequested() {
        return keys.quitRequested();
    }

    /** Waits for a byte or the user's wish to quit, but no longer than so many nanoseconds; that long once the input has ended. */
    void await(long nanos) throws InterruptedException {
        long left = nanos;
        boolean silent;
        lock.lockInterruptibly();
        try {
            while (left > 0 && pending.size() == 0 && !ended && !keys.quitRequested()) {
                left = changed.awaitNanos(left);
            }
            silent = ended && pending.size() == 0 && !keys.quitRequested();
        } finally {
            lock.unlock();
        }
        if (left > 0 && silent) {
            TimeUnit.NANOSECONDS.sleep(left);
        }
    }
}
