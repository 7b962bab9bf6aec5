package dev.simvisor.node.machine;

/** Why {@link Machine#runUntil} returned. */
public sealed interface RunOutcome {
    /** The cycle asked for was reached. */
    record DeadlineReached() implements RunOutcome {}

    /** The cycle asked for was reached with the processor halted: it waits for an event or an interrupt. */
    record Idle() implements RunOutcome {}

    /** The guest switched the machine off. */
    record PoweredOff() implements RunOutcome {}

    /** The guest asked for a reset of the machine. */
    record ResetRequested() implements RunOutcome {}

    /** The processor shut down: a fault during the delivery of a double fault. */
    record TripleFault() implements RunOutcome {}

    /**
     * The guest ended the machine through the debug exit port.
     *
     * @param status the status for the process, never 0
     */
    record DebugExit(int status) implements RunOutcome {}
}
