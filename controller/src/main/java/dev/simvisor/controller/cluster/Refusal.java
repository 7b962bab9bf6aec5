package dev.simvisor.controller.cluster;

import java.util.Collection;

/** A request that cannot be granted; the message is one line that says what was wrong and what was expected. */
public final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    /** What kind of refusal, in gRPC's terms. */
    public enum Kind {
        /** There is no such host, VM or migration. */
        NOT_FOUND,
        /** The name is taken. */
        ALREADY_EXISTS,
        /** The request makes no sense at any time. */
        INVALID,
        /** It makes sense, but not in the present state. */
        NOT_NOW,
        /** No host has room. */
        NO_ROOM,
        /** Who should have done it is gone. */
        LOST
    }

    private final Kind kind;

    public Refusal(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    /** Of a name that nobody bears, where others do. */
    public static Refusal unknown(String what, String name, Collection<String> known) {
        return new Refusal(
                Kind.NOT_FOUND,
                "no " + what + " '" + name + "'"
                        + (known.isEmpty() ? "" : ": expected one of " + String.join(", ", known)));
    }

    public Kind kind() {
        return kind;
    }
}
