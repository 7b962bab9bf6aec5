package dev.simvisor.controller.boot;

import dev.simvisor.controller.embedded.LocalVm;
import java.io.IOException;
import java.util.OptionalLong;

/**
 * Runs a VM to its end, in slices of virtual time short enough for somebody who types.
 *
 * <p>The virtual times at which a guest sees what is typed depend on the typist; everything else depends on the VM alone.
 */
public final class BootRun {
    private static final long SLICE_NANOS = 1_000_000;

    /** Bytes typed after which no more are taken until the guest reads. */
    private static final int MOST_UNREAD = 1 << 16;

    private final LocalVm vm;
    private final SerialLine line;
    private final Limits limits;
    private final boolean paced;
    private final Debugger debugger;
    private long anchorNanos;
    private long anchorWallNanos;

    /**
     * When to end a VM that does not end by itself.
     *
     * @param instructions executed at most; Long.MAX_VALUE for no limit
     * @param nanos of virtual time at most; Long.MAX_VALUE for no limit
     */
    public record Limits(long instructions, long nanos) {}

    /**
     * @param paced whether virtual time is held back to the speed of the wall's. An idle guest's always is while somebody may
     *     type: at a prompt, hours would pass between two keys.
     */
    public BootRun(LocalVm vm, SerialLine line, Limits limits, boolean paced, Debugger debugger) {
        this.vm = vm;
        this.line = line;
        this.limits = limits;
        this.paced = paced;
        this.debugger = debugger;
    }

    public BootEnd run() throws IOException, InterruptedException {
        BootEnd end;
        do {
            end = runToEnd();
        } while (debugger.takesBack(end, line::quitRequested));
        return end;
    }

    private BootEnd runToEnd() throws IOException, InterruptedException {
        vm.consoleTo(line::put);
        anchor();
        while (true) {
            OptionalLong permission = awaitPermission();
            if (permission.isEmpty()) return new BootEnd.Quit();
            // A guest that does not read has the line wait, and with it whoever writes to it.
            if (vm.unreadInput() < MOST_UNREAD) vm.type(line.takeInput());
            LocalVm.Outcome outcome = vm.runUntil(sliceEnd(), Math.min(permission.getAsLong(), limits.instructions()));
            line.flush();
            switch (outcome) {
                case PAUSED, STOPPED -> {}
                case POWERED_OFF -> {
                    return new BootEnd.PoweredOff();
                }
                case DEBUG_EXIT -> {
                    return new BootEnd.DebugExit(vm.exitStatus());
                }
                case RESET_REQUESTED -> {
                    return new BootEnd.ResetRequested();
                }
                case TRIPLE_FAULT -> {
                    return new BootEnd.TripleFault();
                }
                case CRASHED -> {
                    return new BootEnd.Crashed(vm.crashReason());
                }
            }
            if (line.quitRequested()) {
                return new BootEnd.Quit();
            }
            if (vm.instructions() >= limits.instructions()) {
                return new BootEnd.InstructionLimit(vm.instructions());
            }
            if (vm.nanos() >= limits.nanos()) {
                return new BootEnd.TimeLimit(vm.nanos());
            }
            if (vm.isStuck() || (vm.isIdleForever() && !line.isOpen())) {
                return new BootEnd.Stuck();
            }
            keepPace();
        }
    }

    /** While a debugger holds the VM, virtual time is not behind the wall's. */
    private OptionalLong awaitPermission() throws InterruptedException {
        long before = System.nanoTime();
        OptionalLong permission = debugger.awaitPermission(line::quitRequested);
        anchorWallNanos += System.nanoTime() - before;
        return permission;
    }

    private long sliceEnd() {
        return Math.min(vm.nanos() + SLICE_NANOS, limits.nanos());
    }

    private void anchor() {
        anchorNanos = vm.nanos();
        anchorWallNanos = System.nanoTime();
    }

    private void keepPace() throws InterruptedException {
        if (paced || (vm.isIdle() && line.isOpen())) {
            long aheadNanos = (vm.nanos() - anchorNanos) - (System.nanoTime() - anchorWallNanos);
            if (aheadNanos > 0) {
                line.awaitInput(aheadNanos);
            }
        } else {
            anchor();
        }
    }
}
