package dev.simvisor.node.cpu;

import dev.simvisor.node.cpu.decode.Instruction;
import org.jspecify.annotations.Nullable;

/**
 * Why control left the guest for the VMM. What on silicon enters ring 0 of the VMM ends {@link Engine#run}.
 *
 * <p>One instance per processor, filled in again and again. The instruction that was to execute is not counted, has had no
 * effect, and rIP points at it.
 */
public final class Exit {
    public enum Kind {
        /** Nothing: the run went its whole length, or the processor halted. */
        NONE,
        /** An exception of a deprivileged guest: {@link #vector} and what follows it. */
        EXCEPTION,
        /** An instruction that the translation pass replaced: {@link #instruction}. */
        CALLOUT,
        /** A VM exit: its reason is in the control structure that non-root operation was entered with. */
        NON_ROOT
    }

    public Kind kind = Kind.NONE;

    /** The instruction that rIP points at, or null when fetching it failed or none was about to execute. */
    public @Nullable Instruction instruction;

    /** Of an exception: vector 0 to 31. */
    public int vector;

    public int errorCode;
    public boolean hasErrorCode;

    /** The linear address of a page fault. */
    public long faultAddress;

    /** Forgets the last exit, before the next run. */
    public void clear() {
        kind = Kind.NONE;
        instruction = null;
    }

    /** Takes down an exception that a handler of the VMM would have been entered for. */
    public void exception(GuestException exception, @Nullable Instruction raisedBy) {
        kind = Kind.EXCEPTION;
        instruction = raisedBy;
        vector = exception.vector;
        errorCode = exception.errorCode;
        hasErrorCode = exception.hasErrorCode;
        faultAddress = exception.faultAddress;
    }

    /** Takes down a VM exit, not due to an instruction until {@link #instruction} says so. */
    public void nonRoot() {
        kind = Kind.NON_ROOT;
        instruction = null;
    }

    /** Takes down a callout of translated code. */
    public void callout(Instruction replaced) {
        kind = Kind.CALLOUT;
        instruction = replaced;
    }
}
