package dev.simvisor.controller.embedded;

import java.util.function.IntConsumer;

/** Passes on what a guest says, but not again what it has said before a debugger took it back in time. */
final class ReplayedOutput implements IntConsumer {
    private IntConsumer sink = value -> {};
    private long said;
    private long passedOn;

    void to(IntConsumer receiver) {
        sink = receiver;
    }

    @Override
    public void accept(int value) {
        said++;
        if (said <= passedOn) return;
        passedOn = said;
        sink.accept(value);
    }

    /** How many bytes the guest has said by now. */
    long said() {
        return said;
    }

    /** The guest is where it had said so many bytes. */
    void goBack(long bytes) {
        said = bytes;
    }

    /** From now on the guest does something else than before. */
    void forgetFuture() {
        passedOn = said;
    }
}
