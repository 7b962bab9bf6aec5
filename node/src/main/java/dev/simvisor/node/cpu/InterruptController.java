package dev.simvisor.node.cpu;

/** The processor's side of its local interrupt controller (SDM Vol 3A ch. 11): the INTR pin, INTA, and CR8. */
public interface InterruptController {
    /** Whether an interrupt of sufficient priority waits to be delivered. Consulted only while RFLAGS.IF is set. */
    boolean interruptPending();

    /** Acknowledges the interrupt of the highest priority and returns its vector. Called only when one is pending. */
    int acknowledge();

    /** The number of the processor, 0 to 255: its local APIC's ID after reset, which CPUID shows (SDM Vol 3A §11.4.6). */
    int initialId();

    /** The task priority class, bits 7:4 of the local APIC's TPR, as CR8 shows it (SDM Vol 3A §11.8.6.1). */
    int taskPriorityClass();

    void taskPriorityClass(int priorityClass);

    /** IA32_APIC_BASE (MSR 1BH). */
    long apicBase();

    /** Writes IA32_APIC_BASE; returns false for reserved bits, which the processor turns into #GP. */
    boolean apicBase(long value);

    /** IA32_TSC_DEADLINE (MSR 6E0H), in units of the time-stamp counter; 0 when disarmed. */
    long timestampDeadline();

    void timestampDeadline(long deadline);
}
