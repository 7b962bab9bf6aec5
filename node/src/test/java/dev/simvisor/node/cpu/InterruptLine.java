package dev.simvisor.node.cpu;

/** An interrupt controller with one line, which stays raised until it is acknowledged. */
public final class InterruptLine implements InterruptController {
    private final int vector;
    private boolean raised;

    public InterruptLine(int vector) {
        this.vector = vector;
    }

    /** One that is raised already. */
    public static InterruptLine raised(int vector) {
        InterruptLine line = new InterruptLine(vector);
        line.raise();
        return line;
    }

    public void raise() {
        raised = true;
    }

    @Override
    public boolean interruptPending() {
        return raised;
    }

    @Override
    public int acknowledge() {
        raised = false;
        return vector;
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
