package dev.simvisor.node.vmm;

/**
 * Ties a VM's cycles to the cluster's virtual time: from an anchor on, at a constant frequency. All in integers, so that
 * where a run is split never shows.
 *
 * @param anchorNanos virtual time at which the VM had {@code anchorCycles}
 * @param khz cycles per millisecond of virtual time
 */
public record VmClock(long anchorNanos, long anchorCycles, long khz) {
    private static final long NANOS_PER_MILLI = 1_000_000;

    public VmClock {
        if (khz <= 0) {
            throw new IllegalArgumentException("clock of " + khz + " kHz: expected at least 1");
        }
    }

    /** The clock after a time in which it stood: the same cycles at a later time. */
    public VmClock anchoredAt(long nanos, long cycles) {
        return new VmClock(nanos, cycles, khz);
    }

    /** The cycle the VM has reached at a time; rounded down. */
    public long cyclesAt(long nanos) {
        long elapsed = nanos - anchorNanos;
        return anchorCycles + elapsed / NANOS_PER_MILLI * khz + elapsed % NANOS_PER_MILLI * khz / NANOS_PER_MILLI;
    }

    /** The first nanosecond at which {@link #cyclesAt} is not below {@code cycles}; the end of time for the last cycle. */
    public long nanosAt(long cycles) {
        if (cycles == Long.MAX_VALUE) {
            return Long.MAX_VALUE;
        }
        long elapsed = cycles - anchorCycles;
        long whole = elapsed / khz;
        if (whole >= (Long.MAX_VALUE - anchorNanos) / NANOS_PER_MILLI - 1) {
            return Long.MAX_VALUE;
        }
        return anchorNanos + whole * NANOS_PER_MILLI + Math.ceilDiv(elapsed % khz * NANOS_PER_MILLI, khz);
    }
}
