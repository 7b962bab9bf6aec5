package dev.simvisor.controller.embedded;

import dev.simvisor.controller.embedded.LocalVm.Outcome;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.time.VirtualClock;
import java.util.List;
import java.util.function.IntConsumer;

/** A machine with a board. */
final class LocalBoard implements LocalMachine {
    private final Machine machine;
    private final List<RawDiskImage> disks;
    private int exitStatus;

    /** @param disks the machine's, to be closed with it */
    LocalBoard(Machine machine, List<RawDiskImage> disks) {
        this.machine = machine;
        this.disks = disks;
    }

    Machine machine() {
        return machine;
    }

    @Override
    public Outcome runUntil(long cycles, long instructions) {
        return switch (machine.runUntil(cycles, instructions)) {
            case RunOutcome.DeadlineReached _, RunOutcome.Idle _ -> Outcome.PAUSED;
            case RunOutcome.PoweredOff _ -> Outcome.POWERED_OFF;
            case RunOutcome.ResetRequested _ -> Outcome.RESET_REQUESTED;
            case RunOutcome.TripleFault _ -> Outcome.TRIPLE_FAULT;
            case RunOutcome.DebugExit(int status) -> {
                exitStatus = status;
                yield Outcome.DEBUG_EXIT;
            }
        };
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }

    @Override
    public String crashReason() {
        return "triple fault";
    }

    @Override
    public VirtualClock clock() {
        return machine.clock();
    }

    @Override
    public long instructions() {
        return machine.instructions();
    }

    @Override
    public long nextEventCycles() {
        return machine.nextEventCycles();
    }

    /** Its processor is halted with interrupts off. */
    @Override
    public boolean isStuck() {
        return machine.cpu().halted && !machine.cpu().interruptsEnabled() && !machine.cpu().nmiPending;
    }

    /** COM1. */
    @Override
    public void consoleTo(IntConsumer sink) {
        machine.consoleTo(sink);
    }

    @Override
    public void debugConsoleTo(IntConsumer sink) {
        machine.debugConsoleTo(sink);
    }

    @Override
    public void type(byte[] bytes) {
        machine.type(bytes);
    }

    @Override
    public int unreadInput() {
        return machine.unreadInput();
    }

    @Override
    public String stateHash() {
        return machine.stateHash();
    }

    @Override
    public void close() {
        machine.close();
        LocalVm.close(disks);
    }
}
