package dev.simvisor.node.machine;

/** Why {@link GuestPlatform#runUntil} returned. */
public sealed interface RunOutcome {
    /** The cycle, or the number of instructions, asked for was reached. */
    record DeadlineReached() implements RunOutcome {}

    /** The cycle asked for was reached with every vCPU halted: the guest waits for an event or an interrupt. */
    record Idle() implements RunOutcome {}

    /** A debugger's probe has stopped a processor, and knows why: {@link dev.simvisor.node.cpu.InTargetProbe#stop}. */
    record Stopped() implements RunOutcome {}

    /** The guest has suspended itself, as {@link GuestPlatform#requestSuspension} asked it to. */
    record Suspended() implements RunOutcome {}

    /** A page was accessed that has yet to come, see {@link dev.simvisor.node.machine.memory.GuestPages#withhold}. */
    record PageMissed() implements RunOutcome {}

    /** The guest switched itself off. */
    record PoweredOff() implements RunOutcome {}

    /** The guest asked for a reset: {@link GuestPlatform#reset}. */
    record ResetRequested() implements RunOutcome {}

    /** The processor shut down: a fault during the delivery of a double fault. A PC would be reset by that; this is an end. */
    record TripleFault() implements RunOutcome {}

    /**
     * The guest ended by the debug exit port.
     *
     * @param status the status for the process, never 0
     */
    record DebugExit(int status) implements RunOutcome {}

    /**
     * A paravirtual guest crashed.
     *
     * @param reason what it did, in one line; empty when it is the guest itself that says so
     */
    record Crashed(String reason) implements RunOutcome {}
}
