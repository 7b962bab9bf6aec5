package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;

/** Delivery of exceptions and interrupts. */
public final class ExceptionDelivery {
    private ExceptionDelivery() {}

    public static void deliver(Cpu cpu, GuestException exception) {
        throw new UnsupportedOperationException("exception " + exception.vector + " at " + Long.toHexString(cpu.rip));
    }

    public static void deliverInterrupt(Cpu cpu, int vector) {
        throw new UnsupportedOperationException("interrupt " + vector);
    }
}
