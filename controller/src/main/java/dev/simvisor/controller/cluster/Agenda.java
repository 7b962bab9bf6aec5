package dev.simvisor.controller.cluster;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;

/** What the controller has to do at virtual times to come, in an order that does not depend on when it became known. */
final class Agenda {
    /** What comes first at the same time. */
    enum Rank {
        /** A host dies, in the order given: nothing that arrives may count on it. */
        DEATH,
        /** A host's message arrives. */
        ARRIVAL,
        /** Something the controller waits for. */
        TIMER,
        /** A command, in the order given. */
        COMMAND
    }

    private record Item(long nanos, Rank rank, String key, Runnable action) {}

    private final PriorityQueue<Item> items = new PriorityQueue<>(
            Comparator.comparingLong(Item::nanos).thenComparing(Item::rank).thenComparing(Item::key));
    private long commands;

    /** @param key orders what has the same time and rank; unique among those */
    void add(long nanos, Rank rank, String key, Runnable action) {
        items.add(new Item(nanos, rank, key, action));
    }

    /** Adds what is asked for from outside, behind all else of the time and rank that has been. */
    void addAsked(long nanos, Rank rank, Runnable action) {
        add(nanos, rank, String.format("%020d", commands++), action);
    }

    /** When the next item is due; never when there is none. */
    long nextNanos() {
        return items.isEmpty() ? Long.MAX_VALUE : items.element().nanos();
    }

    /** Does what is due up to and at a time, including what that adds, as long as {@code mayGoOn} before each. */
    void runUpTo(long nanos, BooleanSupplier mayGoOn) {
        while (nextNanos() <= nanos && mayGoOn.getAsBoolean()) {
            items.remove().action().run();
        }
    }
}
