package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.nonroot.ControlStructure;
import dev.simvisor.node.cpu.nonroot.EventExits;
import dev.simvisor.node.cpu.system.DebugRegisters;
import dev.simvisor.node.cpu.system.ExceptionDelivery;

/** What is looked at between two blocks when {@link Cpu#attention} asks for it: exits, traps, interrupts, breakpoints. */
final class Attention {
    private final Cpu cpu;
    private boolean singleInstruction;
    /** The interrupt shadow, and that of a load of SS, that the next instruction executes in. */
    private boolean shadow;

    private boolean debugShadow;
    /** EFLAGS.RF spares the next instruction its breakpoint. */
    private boolean resumed;
    /** After how many instructions it was looked last. */
    private long lookedAfter = -1;
    /** How many interrupts from INTR were delivered. */
    private long interrupts;

    Attention(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Only the next instruction may run before attention is due again. */
    boolean singleInstruction() {
        return singleInstruction;
    }

    long interrupts() {
        return interrupts;
    }

    /** Looks at what may precede the next instruction (SDM Vol 3A table 6-2). Returns false when nothing can run. */
    boolean look() {
        cpu.attention = false;
        singleInstruction = false;
        if (cpu.shutdown || cpu.exit.kind != Exit.Kind.NONE || cpu.probe.isStopped()) return false;
        lookedAfter = cpu.instructionsExecuted();
        resumed = false;
        shadow = cpu.interruptShadow;
        debugShadow = cpu.debugShadow;
        if (cpu.interruptShadow && !liftShadow(cpu)) {
            // The instruction after STI or a load of SS runs first; a single step is reported after STI all the same.
            boolean trapsToo = cpu.debugShadow;
            cpu.interruptShadow = false;
            cpu.debugShadow = false;
            if (!trapsToo) {
                if (cpu.pendingDebugTraps != 0) deliverDebugTraps();
                if (!mayRun()) return false;
                lookForBreakpoint();
            }
            oneInstruction();
            return mayRun();
        }
        if (cpu.pendingDebugTraps != 0) deliverDebugTraps();
        if (!mayRun()) return false;
        if (cpu.nonRoot != null && leavesBeforeInstruction(cpu.nonRoot)) return false;
        if (cpu.nmiPending && !cpu.nmiBlocked) deliverNmi();
        else if (interruptDue(cpu)) {
            cpu.halted = false;
            interrupts++;
            deliverInterrupt(cpu.interruptController.acknowledge());
            // A gate may have left interrupts enabled: the next one is delivered after an instruction of this one's
            // handler.
            if (interruptDue(cpu)) oneInstruction();
        }
        if (cpu.shutdown || cpu.halted) return false;
        lookForBreakpoint();
        if (stepping(cpu) || DebugRegisters.watchesInstructions(cpu)) oneInstruction();
        return mayRun();
    }

    /** Ends an interrupt shadow that holds off nothing: nothing can come up before the next instruction has executed. */
    static boolean liftShadow(Cpu cpu) {
        if (holdsOffAnything(cpu)) return false;
        cpu.interruptShadow = false;
        cpu.debugShadow = false;
        return true;
    }

    /** Whether something would be delivered before the next instruction, but for the interrupt shadow. */
    private static boolean holdsOffAnything(Cpu cpu) {
        return interruptDue(cpu)
                || cpu.nmiPending
                || cpu.pendingDebugTraps != 0
                || stepping(cpu)
                || DebugRegisters.watchesInstructions(cpu)
                || cpu.nonRoot != null;
    }

    private static boolean interruptDue(Cpu cpu) {
        return cpu.interruptsEnabled() && cpu.interruptController.interruptPending();
    }

    private boolean leavesBeforeInstruction(ControlStructure controls) {
        if (EventExits.leavesBeforeInstruction(cpu, controls)) return true;
        if (EventExits.justInjected(cpu, controls)) oneInstruction();
        return false;
    }

    /** The instruction that was to be next has left for the VMM: what held off interrupts for it holds still. */
    void restoreShadow() {
        cpu.interruptShadow |= shadow;
        cpu.debugShadow |= debugShadow;
    }

    /** The instruction that is next waits for a debugger: what was looked at for it will be looked at again. */
    void holdNext() {
        cpu.attention = true;
        if (cpu.instructionsExecuted() != lookedAfter) return;
        restoreShadow();
        if (resumed) cpu.otherFlags |= Flags.RF;
    }

    private boolean mayRun() {
        return !cpu.shutdown && cpu.exit.kind == Exit.Kind.NONE && !cpu.probe.isStopped();
    }

    /** #DB before an instruction with a breakpoint; RF spares the next instruction, and goes (SDM Vol 3B §17.3.1.1). */
    private void lookForBreakpoint() {
        resumed = (cpu.otherFlags & Flags.RF) != 0;
        cpu.otherFlags &= ~Flags.RF;
        if (resumed || !DebugRegisters.watchesInstructions(cpu)) return;
        try {
            DebugRegisters.checkInstruction(cpu, cpu.linearInstructionPointer());
        } catch (GuestException breakpoint) {
            deliver(breakpoint);
        }
    }

    private void oneInstruction() {
        singleInstruction = true;
        cpu.attention = true;
    }

    private static boolean stepping(Cpu cpu) {
        return (cpu.otherFlags & Flags.TF) != 0;
    }

    private void deliverDebugTraps() {
        cpu.dr[6] |= cpu.pendingDebugTraps;
        cpu.pendingDebugTraps = 0;
        cpu.halted = false;
        deliver(cpu.raise(GuestException.DEBUG));
    }

    private void deliver(GuestException exception) {
        if (cpu.deprivileged) {
            cpu.exit.exception(exception, null);
            return;
        }
        if (cpu.nonRoot != null && EventExits.intercepts(cpu.nonRoot, exception.vector)) {
            EventExits.leaveWith(cpu, cpu.nonRoot, exception);
            return;
        }
        try {
            ExceptionDelivery.deliver(cpu, exception);
        } catch (GuestException exit) {
            checkExit(exit);
        }
    }

    private void deliverInterrupt(int vector) {
        try {
            ExceptionDelivery.deliverInterrupt(cpu, vector);
        } catch (GuestException exit) {
            checkExit(exit);
        }
    }

    /** A delivery handles what it raises, but for a VM exit, of which {@link Cpu#exit} tells. */
    private static void checkExit(GuestException exit) {
        if (exit.vector != GuestException.EXIT) throw new IllegalStateException("a delivery raised " + exit.vector);
    }

    private void deliverNmi() {
        cpu.nmiPending = false;
        cpu.nmiBlocked = true;
        cpu.halted = false;
        deliverInterrupt(GuestException.NMI);
    }
}
