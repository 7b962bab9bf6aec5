package dev.simvisor.node.cpu.nonroot;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.system.DebugRegisters;
import org.jspecify.annotations.Nullable;

/**
 * VM exits that events cause: exceptions, interrupts, windows, task switches, and any exit in the midst of an event's delivery
 * (SDM Vol 3C §26.2, §26.4.2, §28.2).
 */
public final class EventExits {
    /** Where a task switch comes from (SDM table 28-2). */
    public enum TaskSwitchSource {
        CALL,
        IRET,
        JMP,
        GATE_IN_IDT
    }

    private static final int TASK_SWITCH_SOURCE_SHIFT = 30;

    private EventExits() {}

    // ---- between two instructions

    /** Looks at what may leave before the next instruction; the processor is in non-root operation. Returns whether it does. */
    public static boolean leavesBeforeInstruction(Cpu cpu, ControlStructure controls) {
        try {
            checkBeforeInstruction(cpu, controls);
            return false;
        } catch (GuestException exit) {
            return true;
        }
    }

    private static void checkBeforeInstruction(Cpu cpu, ControlStructure controls) {
        if (cpu.nmiPending && controls.hasPinBased(ControlStructure.NMI_EXITING)) {
            cpu.nmiPending = false;
            GuestException exit = controls.leave(cpu, ExitReason.EXCEPTION_OR_NMI, 0);
            controls.exitInterruptionInformation =
                    InterruptionInformation.VALID | InterruptionInformation.NMI | GuestException.NMI;
            throw exit;
        }
        if (!justInjected(cpu, controls)) checkWindows(cpu, controls);
        boolean external = controls.hasPinBased(ControlStructure.EXTERNAL_INTERRUPT_EXITING)
                && cpu.interruptController.interruptPending();
        if (external) throw controls.leave(cpu, ExitReason.EXTERNAL_INTERRUPT, 0);
    }

    private static void checkWindows(Cpu cpu, ControlStructure controls) {
        if (controls.hasPrimary(ControlStructure.NMI_WINDOW_EXITING) && !cpu.nmiBlocked) {
            throw controls.leave(cpu, ExitReason.NMI_WINDOW, 0);
        }
        if (controls.hasPrimary(ControlStructure.INTERRUPT_WINDOW_EXITING) && cpu.interruptsEnabled()) {
            throw controls.leave(cpu, ExitReason.INTERRUPT_WINDOW, 0);
        }
    }

    /** The handler of an injected interrupt executes an instruction before the next one, as after any interrupt here. */
    public static boolean justInjected(Cpu cpu, ControlStructure controls) {
        return controls.interruptInjectedAt == cpu.instructionsExecuted();
    }

    // ---- exceptions

    /** Whether an exception leaves instead of being delivered. */
    public static boolean intercepts(ControlStructure controls, int vector) {
        return (controls.exceptionBitmap >>> vector & 1) != 0;
    }

    /** Called before INT1, INT3 or INTO raises its exception: throws when that leaves. */
    public static void checkSoftwareException(Cpu cpu, int vector, int type) {
        ControlStructure controls = cpu.nonRoot;
        if (controls == null || !intercepts(controls, vector)) return;
        GuestException exit = controls.leave(cpu, ExitReason.EXCEPTION_OR_NMI, 0);
        controls.exitInterruptionInformation = InterruptionInformation.VALID | type | vector;
        throw exit;
    }

    /** What to throw for an exception that leaves. */
    public static GuestException exception(Cpu cpu, ControlStructure controls, GuestException exception) {
        long qualification = switch (exception.vector) {
            case GuestException.PAGE_FAULT -> exception.faultAddress;
            case GuestException.DEBUG -> cpu.pendingDebugTraps;
            default -> 0;
        };
        int vector = exception.vector;
        boolean hasErrorCode = exception.hasErrorCode;
        int errorCode = exception.errorCode;
        GuestException exit = controls.leave(cpu, ExitReason.EXCEPTION_OR_NMI, qualification);
        controls.exitInterruptionInformation = InterruptionInformation.VALID
                | InterruptionInformation.HARDWARE_EXCEPTION
                | (hasErrorCode ? InterruptionInformation.ERROR_CODE : 0)
                | vector;
        controls.exitInterruptionErrorCode = errorCode;
        return exit;
    }

    /** Leaves because of an exception between two instructions, where there is nothing to throw it from. */
    public static void leaveWith(Cpu cpu, ControlStructure controls, GuestException exception) {
        GuestException unused = exception(cpu, controls, exception);
        assert unused.vector == GuestException.EXIT;
    }

    /** What to throw in place of a shutdown. */
    public static GuestException tripleFault(Cpu cpu, ControlStructure controls) {
        return controls.leave(cpu, ExitReason.TRIPLE_FAULT, 0);
    }

    /**
     * Notes that the exit under way happened during the delivery of an event.
     *
     * @param type of {@link InterruptionInformation}
     */
    public static void duringDelivery(
            ControlStructure controls, int type, int vector, boolean hasErrorCode, int errorCode) {
        int withErrorCode = hasErrorCode ? InterruptionInformation.ERROR_CODE : 0;
        controls.idtVectoringInformation = InterruptionInformation.VALID | type | withErrorCode | vector;
        controls.idtVectoringErrorCode = errorCode;
    }

    // ---- task switches, which VMX leaves to software

    /** What to throw instead of switching to the task of {@code selector}. */
    public static GuestException taskSwitch(Cpu cpu, ControlStructure controls, int selector, TaskSwitchSource source) {
        long qualification = selector & 0xFFFFL | (long) source.ordinal() << TASK_SWITCH_SOURCE_SHIFT;
        return controls.leave(cpu, ExitReason.TASK_SWITCH, qualification);
    }

    // ---- any exit

    /**
     * Notes the instruction that was executing when the exit under way arose, or null when fetching it led there. It has
     * passed its breakpoint check: RF keeps it from being checked again when it is restarted.
     */
    public static void causedBy(Cpu cpu, ControlStructure controls, @Nullable Instruction instruction) {
        cpu.exit.instruction = instruction;
        controls.exitInstructionLength = instruction == null ? 0 : instruction.length;
        if (DebugRegisters.watchesInstructions(cpu)) cpu.otherFlags |= Flags.RF;
    }
}
