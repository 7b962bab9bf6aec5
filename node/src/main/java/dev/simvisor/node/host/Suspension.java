package dev.simvisor.node.host;

import dev.simvisor.node.vmm.VirtualMachine;
import java.util.function.BooleanSupplier;

/**
 * Brings a VM to where it can be saved. Most are there at once; a paravirtual guest is asked to suspend itself, and looked after
 * at fixed virtual times until it has, so that when it is found depends on nothing else.
 */
final class Suspension {
    private static final long LOOK_EVERY_NANOS = 100_000;
    private static final long LONGEST_NANOS = 10_000_000_000L;

    /** What becomes of it, at most one of these once. */
    interface Outcome {
        /** The VM is paused, and can be saved as it is. */
        void suspended() throws InterruptedException;

        /** The guest runs on; the reason is one line. */
        void failed(String reason) throws InterruptedException;
    }

    private final HostContext host;
    private final VirtualMachine vm;
    private final String key;
    private final BooleanSupplier wanted;
    private final Outcome outcome;
    private final long deadlineNanos;

    /**
     * @param key orders what is due at the same time
     * @param wanted whether the outcome is still of interest
     */
    private Suspension(HostContext host, VirtualMachine vm, String key, BooleanSupplier wanted, Outcome outcome) {
        this.host = host;
        this.vm = vm;
        this.key = key;
        this.wanted = wanted;
        this.outcome = outcome;
        this.deadlineNanos = host.nowNanos() + LONGEST_NANOS;
    }

    /** Begins; the outcome may be told within the call. */
    static void of(HostContext host, VirtualMachine vm, String key, BooleanSupplier wanted, Outcome outcome)
            throws InterruptedException {
        if (vm.isSuspending()) {
            outcome.failed(busy(vm));
            return;
        }
        if (!vm.canBeSaved() && !vm.isRunning()) {
            outcome.failed("VM " + vm.name()
                    + " is paused: a paravirtual guest has to run to suspend itself, so resume it first");
            return;
        }
        new Suspension(host, vm, key, wanted, outcome).begin();
    }

    /** What is said of a VM that somebody else is suspending. */
    static String busy(VirtualMachine vm) {
        return "VM " + vm.name() + " is just being saved or handed over: try again";
    }

    private void begin() throws InterruptedException {
        BugContainment.contain(vm, VirtualMachine::suspend);
        host.reschedule();
        if (vm.hasEnded()) {
            outcome.failed(ended());
        } else if (vm.canBeSaved()) {
            outcome.suspended();
        } else {
            lookLater();
        }
    }

    private String ended() {
        return "VM " + vm.name() + " has ended";
    }

    private void lookLater() {
        host.at(new Due(host.nowNanos() + LOOK_EVERY_NANOS, Due.Rank.ROUND, key, this::look));
    }

    private void look() throws InterruptedException {
        if (!wanted.getAsBoolean()) return;
        if (vm.hasEnded()) {
            outcome.failed(ended());
        } else if (vm.canBeSaved()) {
            host.reschedule();
            outcome.suspended();
        } else if (host.nowNanos() >= deadlineNanos) {
            BugContainment.contain(vm, VirtualMachine::keepRunning);
            outcome.failed("the guest of VM " + vm.name() + " has not suspended itself within "
                    + LONGEST_NANOS / 1_000_000_000 + " s of being asked by control/shutdown");
        } else {
            lookLater();
        }
    }
}
