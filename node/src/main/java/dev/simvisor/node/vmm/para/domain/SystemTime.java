package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.time.VirtualClock;

/**
 * Keeps a vCPU's {@code struct vcpu_time_info} (public header xen.h): how the guest computes system time from the time-stamp
 * counter. The scale is rounded, so that the record is renewed from time to time.
 */
final class SystemTime {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long RENEWAL_NANOS = NANOS_PER_SECOND / 2;
    private static final int TSC_TIMESTAMP = 8;
    private static final int SYSTEM_TIME = 16;
    private static final int MULTIPLIER = 24;
    private static final int SHIFT = 28;

    private final VirtualClock clock;
    private final int multiplier;
    private final int shift;
    long renewedNanos = -RENEWAL_NANOS;

    SystemTime(VirtualClock clock) {
        this.clock = clock;
        long rate = clock.hertz();
        int doubled = 0;
        for (; rate > 2 * NANOS_PER_SECOND; rate >>= 1) doubled--;
        for (; rate <= NANOS_PER_SECOND; rate <<= 1) doubled++;
        shift = doubled;
        multiplier = (int) Long.divideUnsigned(NANOS_PER_SECOND << 32, rate);
    }

    /** Has it renewed at the next occasion, however young it is: the clock has been set. */
    void outdate() {
        renewedNanos = Long.MIN_VALUE / 2;
    }

    /** Writes the record at an address of memory if it is old. */
    void renew(GuestMemory memory, long address) {
        long cycles = clock.cycles();
        long nanos = clock.toNanos(cycles);
        if (nanos - renewedNanos < RENEWAL_NANOS) return;
        renewedNanos = nanos;
        int version = (int) memory.read(address, 4);
        memory.write(address, 4, version + 1);
        memory.write(address + TSC_TIMESTAMP, 8, cycles);
        memory.write(address + SYSTEM_TIME, 8, nanos);
        memory.write(address + MULTIPLIER, 4, multiplier);
        memory.write(address + SHIFT, 1, shift);
        memory.write(address, 4, version + 2);
    }
}
