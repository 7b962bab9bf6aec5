package dev.simvisor.controller.embedded;

import dev.simvisor.controller.embedded.LocalVm.Outcome;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import java.util.List;
import java.util.function.IntConsumer;

/** A paravirtual machine. */
final class LocalDomain implements LocalMachine {
    private final ParavirtualMachine machine;
    private final List<RawDiskImage> disks;

    /** @param disks the machine's, to be closed with it */
    LocalDomain(ParavirtualMachine machine, List<RawDiskImage> disks) {
        this.machine = machine;
        this.disks = disks;
    }

    @Override
    public Outcome runUntil(long cycles, long instructions) {
        return switch (machine.runUntil(cycles, instructions)) {
            case ParavirtualMachine.RunEnd.Reached _ -> Outcome.PAUSED;
            case ParavirtualMachine.RunEnd.Suspended _ ->
                throw new IllegalStateException("nobody asks this machine to suspend itself");
            case ParavirtualMachine.RunEnd.ShutDown(var reason) ->
                switch (reason) {
                    case POWEROFF -> Outcome.POWERED_OFF;
                    case SUSPEND -> throw new IllegalStateException("a suspension is no end");
                    case REBOOT, SOFT_RESET -> Outcome.RESET_REQUESTED;
                    case CRASH, WATCHDOG -> Outcome.CRASHED;
                };
        };
    }

    @Override
    public int exitStatus() {
        return 0;
    }

    @Override
    public String crashReason() {
        return machine.domain().crashReason();
    }

    @Override
    public VirtualClock clock() {
        return machine.domain().clock();
    }

    @Override
    public long instructions() {
        return machine.instructions();
    }

    @Override
    public long nextEventCycles() {
        return machine.nextEventCycles();
    }

    /** An event by an open console wakes whoever waits. */
    @Override
    public boolean isStuck() {
        return false;
    }

    @Override
    public void consoleTo(IntConsumer sink) {
        machine.consoleTo(sink);
    }

    /** There are no ports, so that no guest can write to one. */
    @Override
    public void debugConsoleTo(IntConsumer sink) {}

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
