package dev.simvisor.node.vmm.exit;

import java.util.Map;

/** What each kind of exit costs, in virtual cycles, the VMM's work on it included. */
public final class ExitCosts {
    /** Charges nothing, so that a mode cannot be told from {@code bare} by the clock. */
    public static final ExitCosts NONE = new ExitCosts(Map.of());

    private final long[] cycles = new long[ExitKind.values().length];

    /**
     * @param cycles by kind; a kind that is left out costs nothing
     */
    public ExitCosts(Map<ExitKind, Long> cycles) {
        for (ExitKind kind : ExitKind.values()) {
            long cost = cycles.getOrDefault(kind, 0L);
            if (cost < 0) throw new IllegalArgumentException("cost of " + kind.written() + " is negative: " + cost);
            this.cycles[kind.ordinal()] = cost;
        }
    }

    public long cycles(ExitKind kind) {
        return cycles[kind.ordinal()];
    }
}
