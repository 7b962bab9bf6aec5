package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.system.DebugRegisters;
import dev.simvisor.node.cpu.system.ExceptionDelivery;

/** What is looked at between two blocks when {@link Cpu#attention} asks for it: exits, traps, interrupts, breakpoints. */
final class Attention {
    private final Cpu cpu;
    private boolean singleInstruction;

    Attention(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Only the next instruction may run before attention is due again. */
    boolean singleInstruction() {
        return singleInstruction;
    }

    /** Looks at what may precede the next instruction (SDM Vol 3A table 6-2). Returns false when nothing can run. */
    boolean look() {
        cpu.attention = false;
        singleInstruction = false;
        if (cpu.shutdown || cpu.exit.kind != Exit.Kind.NONE) return false;
        if (cpu.interruptShadow) {
            // The instruction after STI or a load of SS runs first; a single step is reported after STI all the same.
            boolean trapsToo = cpu.debugShadow;
            cpu.interruptShadow = false;
            cpu.debugShadow = false;
            if (!trapsToo) {
                if (cpu.pendingDebugTraps != 0) deliverDebugTraps();
                lookForBreakpoint();
            }
            oneInstruction();
            return mayRun();
        }
        if (cpu.pendingDebugTraps != 0) deliverDebugTraps();
        if (cpu.nmiPending && !cpu.nmiBlocked) deliverNmi();
        else if (cpu.interruptsEnabled() && cpu.interruptController.interruptPending()) {
            cpu.halted = false;
            ExceptionDelivery.deliverInterrupt(cpu, cpu.interruptController.acknowledge());
        }
        if (cpu.shutdown || cpu.halted) return false;
        lookForBreakpoint();
        if (stepping() || DebugRegisters.watchesInstructions(cpu)) oneInstruction();
        return mayRun();
    }

    private boolean mayRun() {
        return !cpu.shutdown && cpu.exit.kind == Exit.Kind.NONE;
    }

    /** #DB before an instruction with a breakpoint; RF spares the next instruction, and goes (SDM Vol 3B §17.3.1.1). */
    private void lookForBreakpoint() {
        boolean resumed = (cpu.otherFlags & Flags.RF) != 0;
        cpu.otherFlags &= ~Flags.RF;
        if (resumed || !DebugRegisters.watchesInstructions(cpu)) return;
        long linear = cpu.codeSize == 64 ? cpu.rip : cpu.segmentBase[SegmentRegister.CS] + cpu.rip & 0xFFFF_FFFFL;
        try {
            DebugRegisters.checkInstruction(cpu, linear);
        } catch (GuestException breakpoint) {
            deliver(breakpoint);
        }
    }

    private void oneInstruction() {
        singleInstruction = true;
        cpu.attention = true;
    }

    private boolean stepping() {
        return (cpu.otherFlags & Flags.TF) != 0;
    }

    private void deliverDebugTraps() {
        cpu.dr[6] |= cpu.pendingDebugTraps;
        cpu.pendingDebugTraps = 0;
        cpu.halted = false;
        deliver(cpu.raise(GuestException.DEBUG));
    }

    private void deliver(GuestException exception) {
        if (cpu.deprivileged) cpu.exit.exception(exception, null);
        else ExceptionDelivery.deliver(cpu, exception);
    }

    private void deliverNmi() {
        cpu.nmiPending = false;
        cpu.nmiBlocked = true;
        cpu.halted = false;
        ExceptionDelivery.deliverInterrupt(cpu, GuestException.NMI);
    }
}
