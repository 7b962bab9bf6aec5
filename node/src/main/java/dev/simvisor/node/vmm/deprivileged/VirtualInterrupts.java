package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.InterruptController;

/**
 * What the physical processor sees of interrupts while a guest runs: none come, since the VMM delivers the guest's on the
 * virtual processor; the local APIC's base and ID, which CPUID reports, are the virtual machine's.
 */
record VirtualInterrupts(InterruptController guests) implements InterruptController {
    @Override
    public boolean interruptPending() {
        return false;
    }

    @Override
    public int acknowledge() {
        throw new IllegalStateException("no interrupt is pending");
    }

    @Override
    public int initialId() {
        return guests.initialId();
    }

    @Override
    public int taskPriorityClass() {
        return guests.taskPriorityClass();
    }

    @Override
    public void taskPriorityClass(int priorityClass) {
        guests.taskPriorityClass(priorityClass);
    }

    @Override
    public long apicBase() {
        return guests.apicBase();
    }

    @Override
    public boolean apicBase(long value) {
        return guests.apicBase(value);
    }

    @Override
    public long timestampDeadline() {
        return guests.timestampDeadline();
    }

    @Override
    public void timestampDeadline(long deadline) {
        guests.timestampDeadline(deadline);
    }
}
