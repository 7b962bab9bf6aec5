package dev.simvisor.controller.embedded;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.InTargetProbe;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.vmm.memory.GuestTranslation;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A VM as a debugger sees it: its processors' registers, memory by linear address as one of them sees it, and where it stops. To be used between two
 * runs. Looking changes nothing: no accessed flags, no faults, and devices are not read.
 */
public final class DebugTarget {
    private static final int PAGE = 4096;

    /** Which accesses to data are stopped after. */
    public enum Access {
        READ,
        WRITE,
        READ_OR_WRITE
    }

    /** Data that is watched: {@code length} bytes from a linear address. */
    public record Watch(long linear, long length, Access access) {}

    /** Why the VM has stopped sooner than it was to. */
    public sealed interface Stop {
        /** The instruction at that linear address is next. */
        record BeforeInstruction(long linear) implements Stop {}

        /** The last instruction accessed what is watched. */
        record AfterAccess(Watch watch) implements Stop {}
    }

    private final Machine machine;
    private final List<Cpu> cpus;
    private final InTargetProbe probe;
    /** Number of the processor that is looked at. */
    private int selected;

    private boolean takenBack;
    private final boolean wide;
    private final Optional<VmHistory> history;

    /**
     * @param wide whether the guest is a 64-bit one, or will be
     * @param history what it can be taken back in
     */
    DebugTarget(Machine machine, boolean wide, Optional<VmHistory> history) {
        this.machine = machine;
        this.wide = wide;
        this.history = history;
        cpus = machine.cpus();
        probe = machine.probe();
    }

    private Cpu cpu() {
        return cpus.get(selected);
    }

    private DebugRegisters registers() {
        return new DebugRegisters(cpu());
    }

    // ---- processors

    public int processors() {
        return cpus.size();
    }

    /** Number of the processor that executed last, or whose instruction was taken back last. */
    public int current() {
        return takenBack ? machine.upcomingProcessor() : machine.currentProcessor();
    }

    /** Registers and memory are those that a processor sees, until another is selected. */
    public void select(int processor) {
        selected = processor;
    }

    /** Whether a processor waits for something to wake it. */
    public boolean isIdle(int processor) {
        return machine.isIdle(processor);
    }

    /** Instructions that a processor has executed. */
    public long instructions(int processor) {
        return cpus.get(processor).instructionsExecuted();
    }

    /** Whether the guest has 64-bit registers now, or will have: its kernel's file says so before its processor does. */
    public boolean isWide() {
        return wide || cpus.getFirst().longMode;
    }

    // ---- registers

    /**
     * What is in a register of up to 128 bits.
     *
     * @param high bits 127:64
     */
    public record Value(long low, long high) {}

    /** A register by a debugger's name for it, such as {@code rip}, {@code st0} or {@code cr3}; nothing for another name. */
    public Optional<Value> register(String name) {
        return registers().get(name);
    }

    /** Sets a register. Returns whether it can be set, or has that value anyway. */
    public boolean setRegister(String name, Value value) {
        boolean set = registers().set(name, value);
        if (set) history.ifPresent(VmHistory::changed);
        return set;
    }

    // ---- memory

    /** Memory from a linear address on, as far as it is mapped to memory: at most {@code length} bytes. */
    public byte[] read(long linear, int length) {
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < length) {
            int part = Math.min(length - done, PAGE - (int) (linear + done & PAGE - 1));
            long physical = physical(linear + done);
            if (physical == GuestTranslation.NOT_MAPPED || !machine.memory().read(physical, bytes, done, part)) break;
            done += part;
        }
        return Arrays.copyOf(bytes, done);
    }

    /**
     * Writes memory, whatever the guest's page tables allow. Returns whether it has those bytes now: not where something is
     * unmapped, when nothing is written, nor where there is ROM.
     */
    public boolean write(long linear, byte[] bytes) {
        if (read(linear, bytes.length).length < bytes.length) return false;
        history.ifPresent(VmHistory::changed);
        int done = 0;
        while (done < bytes.length) {
            int part = Math.min(bytes.length - done, PAGE - (int) (linear + done & PAGE - 1));
            machine.memory().write(physical(linear + done), bytes, done, part);
            done += part;
        }
        return Arrays.equals(read(linear, bytes.length), bytes);
    }

    private long physical(long linear) {
        return GuestTranslation.of(cpu(), machine.memory(), cpu().longMode ? linear : linear & 0xFFFF_FFFFL);
    }

    // ---- stops

    /** Why the last run ended sooner than it was to, if it did. */
    public Optional<Stop> stop() {
        return probe.stop().map(DebugTarget::told);
    }

    private static Stop told(InTargetProbe.Stop stop) {
        return switch (stop) {
            case InTargetProbe.Stop.BeforeInstruction(long linear) -> new Stop.BeforeInstruction(linear);
            case InTargetProbe.Stop.AfterAccess(InTargetProbe.Watch watch) ->
                new Stop.AfterAccess(new Watch(
                        watch.linear(),
                        watch.length(),
                        Access.valueOf(watch.access().name())));
        };
    }

    /** Has the VM stop whenever the instruction at a linear address is next. */
    public void stopBefore(long linear) {
        probe.stopBefore(linear);
    }

    /** Takes back {@link #stopBefore}. */
    public void passBy(long linear) {
        probe.passBy(linear);
    }

    /** Has the VM stop after instructions that access the data. */
    public void watch(Watch watch) {
        probe.watch(probed(watch));
    }

    /** Takes back {@link #watch}. */
    public void ignore(Watch watch) {
        probe.ignore(probed(watch));
    }

    private static InTargetProbe.Watch probed(Watch watch) {
        return new InTargetProbe.Watch(
                watch.linear(),
                watch.length(),
                InTargetProbe.Access.valueOf(watch.access().name()));
    }

    /** Takes back every stop and watch. */
    public void clear() {
        probe.clear();
    }

    /** The next run goes on from here, and does not stop before its first instruction. */
    public void resume() {
        probe.resume(cpus.get(current()).linearInstructionPointer(), machine.instructions());
        takenBack = false;
    }

    // ---- back in time

    /** Whether the VM can be taken back. */
    public boolean isReversible() {
        return history.isPresent();
    }

    /** Whether the VM can be taken back from where it is. Only what happened since a debugger changed something can be undone. */
    public boolean hasPast() {
        return history.isPresent() && history.get().beginning() < machine.instructions();
    }

    /**
     * Takes the VM back by one instruction.
     *
     * @param interrupted whether the debugger has had enough; the VM is wherever it is then
     */
    public void stepBack(BooleanSupplier interrupted) {
        takenBack = true;
        history.orElseThrow().goBack(machine.instructions() - 1, interrupted);
    }

    /**
     * Takes the VM back to the last instruction that it would have stopped before, or that it would have stopped after for an
     * access to what is watched; to the beginning if there is none.
     *
     * @return why it is there; nothing at the beginning, or when it was interrupted on the way
     */
    public Optional<Stop> goBackToStop(BooleanSupplier interrupted) {
        takenBack = true;
        return history.orElseThrow().goBackToStop(interrupted).map(DebugTarget::told);
    }
}
