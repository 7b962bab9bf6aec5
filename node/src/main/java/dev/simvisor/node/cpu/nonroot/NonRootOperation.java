package dev.simvisor.node.cpu.nonroot;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.system.ExceptionDelivery;

/** VM entries and VM exits (SDM Vol 3C ch. 27 and 28). Between the two an engine runs the guest on the processor. */
public final class NonRootOperation {
    private NonRootOperation() {}

    /**
     * VM entry: loads the guest's state and injects the event of the entry interruption-information field, which is consumed.
     * The injection may leave at once: {@link Cpu#exit} says so.
     */
    public static void enter(Cpu cpu, ControlStructure structure) {
        cpu.exit.clear();
        cpu.nonRoot = structure;
        GuestState.copy(structure.guest, cpu);
        if (!structure.tagsTlb()) cpu.memory.flushAll();
        int event = structure.entryInterruptionInformation;
        if (InterruptionInformation.valid(event)) inject(cpu, structure, event);
    }

    private static void inject(Cpu cpu, ControlStructure structure, int event) {
        structure.entryInterruptionInformation = InterruptionInformation.NONE;
        boolean exception = InterruptionInformation.type(event) == InterruptionInformation.HARDWARE_EXCEPTION;
        if (!exception) structure.interruptInjectedAt = cpu.instructionsExecuted();
        try {
            ExceptionDelivery.inject(cpu, event, structure.entryExceptionErrorCode);
        } catch (GuestException exit) {
            if (exit.vector != GuestException.EXIT) throw exit;
        }
    }

    /** The end of non-root operation, by a VM exit or because the engine ran as far as it was to: stores the guest's state. */
    public static void leave(Cpu cpu) {
        ControlStructure structure = cpu.nonRoot;
        if (structure == null) throw new IllegalStateException("not in non-root operation");
        GuestState.copy(cpu, structure.guest);
        cpu.nonRoot = null;
    }

    /** Whether the last run in non-root operation ended with a VM exit. */
    public static boolean exited(Cpu cpu) {
        return cpu.exit.kind == Exit.Kind.NON_ROOT;
    }
}
