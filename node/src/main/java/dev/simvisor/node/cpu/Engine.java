package dev.simvisor.node.cpu;

/**
 * What makes a processor run. Engines differ in speed alone: {@code run(n)} leaves the same state whichever engine ran and
 * whenever the engine changed.
 */
public interface Engine extends SystemBus.CodeWatcher {
    /**
     * Executes exactly {@code instructions} instructions, fewer only when the processor halts ({@link Cpu#halted}), shuts down
     * ({@link Cpu#shutdown}), or is stopped by a debugger ({@link Cpu#probe}). An instruction that faults and each iteration of a repeated string instruction count as
     * one. Interrupts that are pending at the start, or become pending by what the guest does, are delivered.
     */
    void run(long instructions);

    /** Forgets all decoded code, as when memory was replaced. */
    void flushCode();

    /** The processor has been {@linkplain Cpu#initialize reset} since the last run. */
    default void initialize() {}

    /** Gives back what the engine holds of its host. It is of no use afterwards. */
    default void close() {}
}
