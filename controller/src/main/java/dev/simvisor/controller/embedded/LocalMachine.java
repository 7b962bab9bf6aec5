package dev.simvisor.controller.embedded;

import dev.simvisor.controller.embedded.LocalVm.Outcome;
import dev.simvisor.node.machine.time.VirtualClock;
import java.util.function.IntConsumer;

/** The machine of a {@link LocalVm}: one with a board, or a paravirtual one. */
interface LocalMachine extends AutoCloseable {
    /** Runs until a cycle or a number of instructions is reached, whichever comes first. */
    Outcome runUntil(long cycles, long instructions);

    /** The status of an end that has one. */
    int exitStatus();

    /** One line about a crash. */
    String crashReason();

    VirtualClock clock();

    long instructions();

    /** When there is something to do; {@link dev.simvisor.node.machine.time.Timer#NEVER} if nothing is due at all. */
    long nextEventCycles();

    /** Whether nothing at all can wake the guest, whatever is typed. */
    boolean isStuck();

    void consoleTo(IntConsumer sink);

    void debugConsoleTo(IntConsumer sink);

    void type(byte[] bytes);

    /** Bytes typed that the guest has not read yet. */
    int unreadInput();

    String stateHash();

    @Override
    void close();
}
