package dev.simvisor.node.vmm.para.backend;

import org.jspecify.annotations.Nullable;

/** How far one end of a split device is (Xen, {@code io/xenbus.h}); ordinals are the numbers in the store. */
enum XenbusState {
    /** There is no such end, or its state is no state. */
    UNKNOWN,
    /** Just begun. */
    INITIALISING,
    /** Waits for what the other end has to say. */
    INIT_WAIT,
    /** Has said all it has to say. */
    INITIALISED,
    /** At work. */
    CONNECTED,
    /** About to end. */
    CLOSING,
    /** At an end. */
    CLOSED,
    /** Changes what it said. */
    RECONFIGURING,
    /** Has changed it. */
    RECONFIGURED;

    private static final XenbusState[] STATES = values();

    String text() {
        return Integer.toString(ordinal());
    }

    static XenbusState of(@Nullable String text) {
        for (XenbusState state : STATES) {
            if (state.text().equals(text)) {
                return state;
            }
        }
        return UNKNOWN;
    }
}
