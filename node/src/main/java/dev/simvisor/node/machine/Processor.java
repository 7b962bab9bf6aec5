package dev.simvisor.node.machine;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.machine.device.apic.LocalApic;
import dev.simvisor.proto.state.ProcessorState;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One processor of a machine, with its local APIC and what runs it.
 *
 * <p>The first one boots. The others wait, after power-up as after an INIT, until a start-up message says where to begin (SDM
 * Vol 3A §9.4).
 */
final class Processor implements LocalApic.Pins, Turns.Participant {
    private final Cpu cpu;
    private final LocalApic localApic;
    private final boolean boots;
    private final Consumer<Processor> signalled;
    private @Nullable Engine engine;
    private boolean waitsForStartUp;

    /** @param signalled told of what may wake the processor */
    Processor(Cpu cpu, LocalApic localApic, Consumer<Processor> signalled) {
        this.cpu = cpu;
        this.localApic = localApic;
        this.signalled = signalled;
        boots = localApic.initialId() == 0;
        waitsForStartUp = !boots;
        cpu.interruptController = localApic;
        localApic.drive(this);
    }

    void runBy(Engine executing) {
        engine = executing;
    }

    Cpu cpu() {
        return cpu;
    }

    Engine engine() {
        return Objects.requireNonNull(engine, "nothing runs this processor yet");
    }

    /** Ends the present run after so many more instructions, the one that is executing included. */
    void stopAfter(long instructions) {
        cpu.runLimit = Math.min(cpu.runLimit, cpu.instructionsExecuted() + instructions);
        cpu.endBlock();
    }

    // ---- what it is doing

    /** Whether there is nothing for it to execute: it waits to be started, or is halted and nothing is there to wake it. */
    @Override
    public boolean isIdle() {
        if (waitsForStartUp) return true;
        boolean interrupted = cpu.interruptsEnabled() && localApic.interruptPending();
        return cpu.halted && !interrupted && !nonMaskablyInterrupted() && cpu.pendingDebugTraps == 0;
    }

    /** Whether it is halted with interrupts off, or waits to be started: no device can wake it. */
    boolean isStuck() {
        return waitsForStartUp || cpu.halted && !cpu.interruptsEnabled() && !nonMaskablyInterrupted();
    }

    /** A handler of an NMI that halts is not woken by another NMI, which waits for its IRET. */
    private boolean nonMaskablyInterrupted() {
        return cpu.nmiPending && !cpu.nmiBlocked;
    }

    // ---- its pins

    @Override
    public void nonMaskableInterrupt() {
        cpu.nmiPending = true;
        // It is looked at before the next instruction.
        cpu.endBlock();
        signalled.accept(this);
    }

    @Override
    public void initialize() {
        if (waitsForStartUp) return; // it is as INIT leaves it
        cpu.initialize();
        localApic.initialize();
        engine().initialize();
        waitsForStartUp = !boots;
        signalled.accept(this);
    }

    @Override
    public void startUp(int vector) {
        if (!waitsForStartUp) return;
        waitsForStartUp = false;
        cpu.startUp(vector);
        signalled.accept(this);
    }

    @Override
    public void interruptRequested() {
        signalled.accept(this);
    }

    // ---- state

    ProcessorState save() {
        return ProcessorState.newBuilder()
                .setCpu(CpuStateCodec.save(cpu))
                .setLocalApic(localApic.save())
                .setWaitsForStartUp(waitsForStartUp)
                .build();
    }

    void restore(ProcessorState state) {
        CpuStateCodec.restore(cpu, state.getCpu());
        localApic.restore(state.getLocalApic());
        waitsForStartUp = state.getWaitsForStartUp();
    }
}
