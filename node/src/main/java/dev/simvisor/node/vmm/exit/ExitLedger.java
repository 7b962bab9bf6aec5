package dev.simvisor.node.vmm.exit;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** Counts one VM's exits by kind and detail, and charges each to its clock. */
public final class ExitLedger {
    private final ExitCosts costs;
    private LongConsumer charge = cycles -> {};
    private final long[] counts = new long[ExitKind.values().length];
    private final EnumMap<ExitKind, Map<String, long[]>> details = new EnumMap<>(ExitKind.class);
    private long chargedCycles;
    private final SlippedInstructions slipped = new SlippedInstructions();

    public ExitLedger(ExitCosts costs) {
        this.costs = costs;
    }

    /**
     * @param clock advances the VM's clock by virtual cycles
     */
    public void chargeTo(LongConsumer clock) {
        charge = clock;
    }

    public void count(ExitKind kind) {
        counts[kind.ordinal()]++;
        long cycles = costs.cycles(kind);
        if (cycles == 0) return;
        chargedCycles += cycles;
        charge.accept(cycles);
    }

    /**
     * @param detail what it was about, in the manual's words: an instruction's mnemonic, a basic exit reason
     */
    public void count(ExitKind kind, String detail) {
        Map<String, long[]> counted = details.get(kind);
        long[] times = counted == null ? null : counted.get(detail);
        if (times == null) {
            times = new long[1];
            details.computeIfAbsent(kind, k -> new HashMap<>()).put(detail, times);
        }
        times[0]++;
        count(kind);
    }

    public long total(ExitKind kind) {
        return counts[kind.ordinal()];
    }

    /** How often each kind occurred, by its written name, but for those that did not. */
    public SortedMap<String, Long> totals() {
        SortedMap<String, Long> totals = new TreeMap<>();
        for (ExitKind kind : ExitKind.values()) {
            if (total(kind) != 0) totals.put(kind.written(), total(kind));
        }
        return totals;
    }

    /** How often each detail of a kind occurred, by name; empty for kinds counted without. */
    public SortedMap<String, Long> details(ExitKind kind) {
        SortedMap<String, Long> result = new TreeMap<>();
        details.getOrDefault(kind, Map.of()).forEach((name, count) -> result.put(name, count[0]));
        return result;
    }

    /** The instructions that should have been exits and were not. */
    public SlippedInstructions slipped() {
        return slipped;
    }

    /** Virtual cycles charged so far. */
    public long chargedCycles() {
        return chargedCycles;
    }
}
