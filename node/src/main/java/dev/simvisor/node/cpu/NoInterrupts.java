package dev.simvisor.node.cpu;

/** A processor with nothing on its INTR pin and no local APIC. */
enum NoInterrupts implements InterruptController {
    INSTANCE;

    @Override
    public boolean interruptPending() {
        return false;
    }

    @Override
    public int acknowledge() {
        throw new IllegalStateException("acknowledge without a pending interrupt");
    }

    @Override
    public int initialId() {
        return 0;
    }

    @Override
    public int taskPriorityClass() {
        return 0;
    }

    @Override
    public void taskPriorityClass(int priorityClass) {}

    @Override
    public long apicBase() {
        return 0;
    }

    @Override
    public boolean apicBase(long value) {
        return false;
    }

    @Override
    public long timestampDeadline() {
        return 0;
    }

    @Override
    public void timestampDeadline(long deadline) {}
}
