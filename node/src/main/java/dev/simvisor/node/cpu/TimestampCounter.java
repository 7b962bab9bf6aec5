package dev.simvisor.node.cpu;

/** Source of the time-stamp counter: virtual cycles, which the board derives from instructions and charged events. */
public interface TimestampCounter {
    /** Virtual cycles since reset at the instruction now executing. */
    long cycles();
}
