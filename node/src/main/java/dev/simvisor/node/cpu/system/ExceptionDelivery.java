package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.GuestException.ALIGNMENT_CHECK;
import static dev.simvisor.node.cpu.GuestException.BREAKPOINT;
import static dev.simvisor.node.cpu.GuestException.DEBUG;
import static dev.simvisor.node.cpu.GuestException.DIVIDE_ERROR;
import static dev.simvisor.node.cpu.GuestException.DOUBLE_FAULT;
import static dev.simvisor.node.cpu.GuestException.GENERAL_PROTECTION;
import static dev.simvisor.node.cpu.GuestException.INVALID_TSS;
import static dev.simvisor.node.cpu.GuestException.NMI;
import static dev.simvisor.node.cpu.GuestException.OVERFLOW;
import static dev.simvisor.node.cpu.GuestException.PAGE_FAULT;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.nonroot.EventExits;
import dev.simvisor.node.cpu.nonroot.InterruptionInformation;

/**
 * Delivery of exceptions, external interrupts and software interrupts (SDM Vol 3A ch. 6).
 *
 * <p>When a delivery faults, the registers are as before it began and the second exception is delivered in its place, or a
 * double fault, or the processor shuts down (table 6-5). {@code cpu.rip} names the instruction to return to.
 */
public final class ExceptionDelivery {
    /** EXT: the fault arose from an event outside the program, which all but software interrupts are. */
    private static final int EXTERNAL = 1;

    /** More than any sequence that ends needs: the longest lead to a shutdown. */
    private static final int MOST_EXCEPTIONS_IN_DELIVERY = 32;

    private static final int NOT_A_FAULT = -1;

    private ExceptionDelivery() {}

    /** Delivers what an instruction raised. {@code cpu.rip} is that instruction's. */
    public static void deliver(Cpu cpu, GuestException exception) {
        int vector = exception.vector;
        boolean generalDetect = (cpu.pendingDebugTraps & DebugRegisters.ACCESS_DETECTED) != 0;
        long errorCode = note(cpu, exception);
        int flags = cpu.rflags();
        // An instruction breakpoint leaves RF to the debugger (SDM Vol 3B §17.3.1.1).
        if (isFault(vector) || vector == DEBUG && generalDetect) flags |= Flags.RF;
        deliver(cpu, vector, vector, errorCode, flags);
    }

    /** Delivers an interrupt from INTR, acknowledged by the caller, before the instruction at {@code cpu.rip}. */
    public static void deliverInterrupt(Cpu cpu, int vector) {
        deliver(cpu, NOT_A_FAULT, vector, InterruptEntry.NO_ERROR_CODE, cpu.rflags());
    }

    /** Delivers a non-maskable interrupt; further ones are blocked until IRET (SDM Vol 3A §6.7.1). */
    public static void deliverNmi(Cpu cpu) {
        cpu.nmiPending = false;
        cpu.nmiBlocked = true;
        deliver(cpu, NOT_A_FAULT, NMI, InterruptEntry.NO_ERROR_CODE, cpu.rflags());
    }

    /** Delivers #DB for {@code cpu.pendingDebugTraps}, after the instruction that caused them. */
    public static void deliverDebugTrap(Cpu cpu) {
        DebugRegisters.report(cpu);
        deliver(cpu, DEBUG, DEBUG, InterruptEntry.NO_ERROR_CODE, cpu.rflags());
    }

    /**
     * INT n, INT3, INTO and, without privilege check, INT1. Raises what the delivery raises: the instruction faults like any
     * other. Of a deprivileged guest: {@link #refusedInterrupt}.
     *
     * @param type of {@link InterruptionInformation}, which tells these instructions apart
     * @param returnOffset the next instruction
     */
    public static void softwareInterrupt(Cpu cpu, int vector, int type, long returnOffset) {
        if (cpu.deprivileged) throw refusedInterrupt(cpu, vector);
        boolean checksPrivilege = type != InterruptionInformation.PRIVILEGED_SOFTWARE_EXCEPTION;
        int flags = cpu.rflags() & ~Flags.RF;
        try {
            InterruptEntry.enter(cpu, vector, checksPrivilege, InterruptEntry.NO_ERROR_CODE, returnOffset, flags);
        } catch (GuestException exit) {
            if (exit.vector == GuestException.EXIT) noteVectoring(cpu, type, vector, InterruptEntry.NO_ERROR_CODE);
            throw exit;
        }
        cpu.charge(cpu.costs.exceptionDelivery());
        cpu.singleStepDropped = true;
    }

    /** Of a deprivileged guest: the IDT is the VMM's, whose gates are all for privilege level 0. */
    public static GuestException refusedInterrupt(Cpu cpu, int vector) {
        return cpu.generalProtection(InterruptEntry.idtError(vector));
    }

    /**
     * Delivers the event that a VM entry injects, without what its cause would have done to CR2 or DR6 (SDM Vol 3C §27.6.1).
     *
     * @param event an exception, an external interrupt or an NMI, as {@link InterruptionInformation} has it
     */
    public static void inject(Cpu cpu, int event, int exceptionErrorCode) {
        int vector = InterruptionInformation.vector(event);
        boolean hasErrorCode = (event & InterruptionInformation.ERROR_CODE) != 0;
        long errorCode = hasErrorCode ? exceptionErrorCode & 0xFFFF_FFFFL : InterruptEntry.NO_ERROR_CODE;
        int type = InterruptionInformation.type(event);
        switch (type) {
            case InterruptionInformation.EXTERNAL_INTERRUPT -> deliverInterrupt(cpu, vector);
            case InterruptionInformation.NMI -> deliverNmi(cpu);
            case InterruptionInformation.HARDWARE_EXCEPTION -> deliver(cpu, vector, vector, errorCode, cpu.rflags());
            default -> throw new IllegalArgumentException("an event of type " + (type >>> 8) + " cannot be injected");
        }
    }

    /** What is being delivered is left to the VMM to deliver: the exit that interrupted it says what that was. */
    private static void noteVectoring(Cpu cpu, int type, int vector, long errorCode) {
        if (cpu.nonRoot == null) return;
        boolean hasErrorCode = errorCode != InterruptEntry.NO_ERROR_CODE;
        EventExits.duringDelivery(cpu.nonRoot, type, vector, hasErrorCode, hasErrorCode ? (int) errorCode : 0);
    }

    private static int type(int fault, int vector) {
        if (fault != NOT_A_FAULT) return InterruptionInformation.HARDWARE_EXCEPTION;
        return vector == NMI ? InterruptionInformation.NMI : InterruptionInformation.EXTERNAL_INTERRUPT;
    }

    /** Registers that report an exception are written even if its delivery fails. Returns the error code to push. */
    private static long note(Cpu cpu, GuestException exception) {
        if (exception.vector == PAGE_FAULT) cpu.cr2 = exception.faultAddress;
        if (exception.vector == DEBUG) DebugRegisters.report(cpu);
        return exception.hasErrorCode ? exception.errorCode & 0xFFFF_FFFFL : InterruptEntry.NO_ERROR_CODE;
    }

    /**
     * {@code firstFault}: the vector if it stands for an exception, else {@link #NOT_A_FAULT}. Exceptions that are no part of table 6-5
     * may raise each other for ever, as #AC does that is delivered to a misaligned stack, and have a processor hang in its microcode
     * (CVE-2015-5307). This one gives up after a while, with what it was to do still to be done: the guest hangs as well, but time
     * passes.
     */
    private static void deliver(Cpu cpu, int firstFault, int firstVector, long firstErrorCode, int firstFlags) {
        cpu.charge(cpu.costs.exceptionDelivery());
        int fault = firstFault;
        int vector = firstVector;
        long errorCode = firstErrorCode;
        int flags = firstFlags;
        cpu.interruptShadow = false;
        cpu.debugShadow = false;
        for (int rounds = 0; rounds < MOST_EXCEPTIONS_IN_DELIVERY; rounds++) {
            try {
                InterruptEntry.enter(cpu, vector, false, errorCode, cpu.rip, flags);
                cpu.halted = false;
                cpu.attention = true;
                return;
            } catch (GuestException second) {
                if (second.vector == GuestException.EXIT) {
                    // RF belongs to the image that is to be pushed.
                    cpu.otherFlags |= flags & Flags.RF;
                    noteVectoring(cpu, type(fault, vector), vector, errorCode);
                    throw second;
                }
                if (fault == DOUBLE_FAULT && isSerious(second.vector)) {
                    // The same whether or not a VM exit interrupted the delivery, and left RF set, on the way here.
                    cpu.otherFlags |= flags & Flags.RF;
                    if (cpu.nonRoot != null) throw EventExits.tripleFault(cpu, cpu.nonRoot);
                    cpu.shutdown = true;
                    cpu.endBlock();
                    return;
                }
                if (cpu.nonRoot != null && EventExits.intercepts(cpu.nonRoot, second.vector)) {
                    GuestException exit = EventExits.exception(cpu, cpu.nonRoot, second);
                    noteVectoring(cpu, type(fault, vector), vector, errorCode);
                    throw exit;
                }
                errorCode = note(cpu, second);
                if (becomesDoubleFault(fault, second.vector)) {
                    vector = DOUBLE_FAULT;
                    errorCode = 0;
                } else {
                    vector = second.vector;
                    if (vector >= INVALID_TSS && vector <= GENERAL_PROTECTION) errorCode |= EXTERNAL;
                }
                fault = vector;
                if (isFault(vector)) flags |= Flags.RF;
            }
        }
        cpu.attention = true;
        cpu.endBlock();
    }

    /** SDM Vol 3A table 6-5. */
    private static boolean becomesDoubleFault(int first, int second) {
        if (first == PAGE_FAULT) return isSerious(second);
        return isContributory(first) && isContributory(second);
    }

    private static boolean isSerious(int vector) {
        return vector == PAGE_FAULT || isContributory(vector);
    }

    private static boolean isContributory(int vector) {
        return vector == DIVIDE_ERROR || vector >= INVALID_TSS && vector <= GENERAL_PROTECTION;
    }

    /** Fault class as against traps and aborts: the pushed image then has RF set (SDM Vol 3A §6.8.3, table 6-1). */
    private static boolean isFault(int vector) {
        return switch (vector) {
            case DEBUG, NMI, BREAKPOINT, OVERFLOW, DOUBLE_FAULT -> false;
            default -> vector <= ALIGNMENT_CHECK || vector == GuestException.SIMD_FLOATING_POINT;
        };
    }
}
