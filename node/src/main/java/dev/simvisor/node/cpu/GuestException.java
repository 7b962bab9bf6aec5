package dev.simvisor.node.cpu;

/**
 * An exception that an instruction raises (SDM Vol 3A ch. 6). One instance per processor is filled in and thrown again and
 * again, without a stack trace: guests fault millions of times per second.
 */
public final class GuestException extends RuntimeException {
    public static final int DIVIDE_ERROR = 0;
    public static final int DEBUG = 1;
    public static final int NMI = 2;
    public static final int BREAKPOINT = 3;
    public static final int OVERFLOW = 4;
    public static final int BOUND_RANGE = 5;
    public static final int INVALID_OPCODE = 6;
    public static final int DEVICE_NOT_AVAILABLE = 7;
    public static final int DOUBLE_FAULT = 8;
    public static final int INVALID_TSS = 10;
    public static final int SEGMENT_NOT_PRESENT = 11;
    public static final int STACK_FAULT = 12;
    public static final int GENERAL_PROTECTION = 13;
    public static final int PAGE_FAULT = 14;
    public static final int X87_FLOATING_POINT = 16;
    public static final int ALIGNMENT_CHECK = 17;
    public static final int SIMD_FLOATING_POINT = 19;

    /** Not a vector: control leaves the guest before the instruction, for the reason in {@link Cpu#exit}. */
    public static final int EXIT = -1;

    /** Vector 0 to 31, or {@link #EXIT}. */
    public int vector;

    /** The error code, meaningful when {@link #hasErrorCode}. */
    public int errorCode;

    public boolean hasErrorCode;

    /** The faulting linear address of a page fault, bound for CR2. */
    public long faultAddress;

    /**
     * Raised by a non-canonical address. Memory does not know through which segment it was reached; the interpreter turns
     * #GP(0) into #SS(0) for instructions that address the stack segment (SDM Vol 1 §3.3.7.1).
     */
    public boolean nonCanonical;

    GuestException() {
        super(null, null, false, false);
    }
}
