package dev.simvisor.controller.boot;

/** How a VM ended that was booted on this terminal. */
public sealed interface BootEnd {
    /** The guest switched the machine off. */
    record PoweredOff() implements BootEnd {}

    /**
     * The guest ended the machine by a write to port F4h.
     *
     * @param status for this process
     */
    record DebugExit(int status) implements BootEnd {}

    /** The guest asked for a reset, by which the VM was to end. */
    record ResetRequested() implements BootEnd {}

    /** The guest's processor shut down. */
    record TripleFault() implements BootEnd {}

    /**
     * A paravirtual guest gave up, or did what its VMM lets nobody survive.
     *
     * @param reason the VMM's, in one line; empty if it was the guest that gave up
     */
    record Crashed(String reason) implements BootEnd {}

    /** As many instructions were executed as were allowed. */
    record InstructionLimit(long instructions) implements BootEnd {}

    /** As much virtual time passed as was allowed. */
    record TimeLimit(long nanos) implements BootEnd {}

    /** The processor waits for something that will never come. */
    record Stuck() implements BootEnd {}

    /** The user ended the VM. */
    record Quit() implements BootEnd {}

    /** The process's exit status: 0 only if the guest switched itself off, or the user did. */
    default int status() {
        return switch (this) {
            case PoweredOff _, Quit _ -> 0;
            case DebugExit(int status) -> status;
            case ResetRequested _, TripleFault _, Crashed _, InstructionLimit _, TimeLimit _, Stuck _ -> 1;
        };
    }

    /** One line about what went wrong; empty when nothing did. */
    default String complaint() {
        return switch (this) {
            case PoweredOff _, DebugExit _, Quit _ -> "";
            case ResetRequested _ -> "the guest asked for a reset, and --on-reboot stop ends it there";
            case TripleFault _ -> "the guest's processor shut down: triple fault";
            case Crashed(String reason) ->
                reason.isEmpty() ? "the guest crashed; its console says why" : "the guest was ended: " + reason;
            case InstructionLimit(long instructions) ->
                "stopped by --max-instructions after " + instructions + " instructions";
            case TimeLimit(long nanos) -> "stopped by --max-time after " + nanos + " ns of virtual time";
            case Stuck _ -> "the guest halted its processor for good, with no timer or interrupt to wake it";
        };
    }

    /** In a word, for statistics. */
    default String word() {
        return switch (this) {
            case PoweredOff _ -> "powered-off";
            case DebugExit _ -> "debug-exit";
            case ResetRequested _ -> "reset";
            case TripleFault _ -> "triple-fault";
            case Crashed _ -> "crashed";
            case InstructionLimit _ -> "max-instructions";
            case TimeLimit _ -> "max-time";
            case Stuck _ -> "halted";
            case Quit _ -> "quit";
        };
    }
}
