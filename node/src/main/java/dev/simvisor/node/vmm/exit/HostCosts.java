package dev.simvisor.node.vmm.exit;

import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.api.CostModelSpec;
import dev.simvisor.proto.api.EventCost;
import dev.simvisor.proto.api.ModeCosts;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What things take on a physical host, in virtual cycles: its cost model, as the VMM and the processor use it.
 *
 * @param cyclesPerThousandInstructions the CPI of ordinary instructions, times a thousand
 * @param processor what events of the processor itself take, in every mode
 * @param exits what exits take, by the name of the mode; a mode that is left out pays nothing
 */
public record HostCosts(int cyclesPerThousandInstructions, ProcessorCosts processor, Map<String, ExitCosts> exits) {
    /** An instruction takes a cycle, and nothing else takes time. */
    public static final HostCosts NONE =
            new HostCosts(VirtualClock.CYCLE_PER_INSTRUCTION, ProcessorCosts.NONE, Map.of());

    private static final String PORT_IO = "port-io";
    private static final String FAST_SYSTEM_CALL = "fast-system-call";
    private static final String EXCEPTION_DELIVERY = "exception-delivery";
    private static final String WALK_REFERENCE = "walk-reference";
    private static final String NESTED_WALK_REFERENCE = "nested-walk-reference";
    private static final List<String> EVENTS =
            List.of(PORT_IO, FAST_SYSTEM_CALL, EXCEPTION_DELIVERY, WALK_REFERENCE, NESTED_WALK_REFERENCE);
    private static final long MOST_CYCLES_PER_THOUSAND = 1_000_000;
    private static final int DEFAULT_TLB_ENTRIES = 1024;

    public HostCosts {
        exits = Map.copyOf(exits);
    }

    /**
     * The costs that a host's description gives; an empty one means {@link #NONE}.
     *
     * @throws IllegalArgumentException when it names an event or a kind of exit that this version does not know
     */
    public static HostCosts of(CostModelSpec spec) {
        if (spec.equals(CostModelSpec.getDefaultInstance())) {
            return NONE;
        }
        long cycles = spec.getCyclesPerThousandInstructions();
        if (cycles < 1 || cycles > MOST_CYCLES_PER_THOUSAND) {
            throw new IllegalArgumentException("a cost model with " + cycles
                    + " cycles per thousand instructions: expected 1 to " + MOST_CYCLES_PER_THOUSAND);
        }
        Map<String, ExitCosts> exits = new HashMap<>();
        for (ModeCosts mode : spec.getModesList()) {
            exits.put(mode.getMode(), exitCosts(mode.getExitsList()));
        }
        int entries = spec.getTlbEntries();
        return new HostCosts(
                (int) cycles,
                processorCosts(spec.getEventsList(), entries == 0 ? DEFAULT_TLB_ENTRIES : entries),
                exits);
    }

    /** What exits take in a mode. */
    public ExitCosts exits(String mode) {
        return exits.getOrDefault(mode, ExitCosts.NONE);
    }

    private static ProcessorCosts processorCosts(List<EventCost> events, int tlbEntries) {
        Map<String, Long> costs = new HashMap<>();
        for (EventCost event : events) {
            if (!EVENTS.contains(event.getEvent())) {
                throw new IllegalArgumentException("unknown event '" + event.getEvent()
                        + "' in a cost model: expected one of " + String.join(", ", EVENTS));
            }
            costs.put(event.getEvent(), event.getCycles());
        }
        return new ProcessorCosts(
                costs.getOrDefault(PORT_IO, 0L),
                costs.getOrDefault(FAST_SYSTEM_CALL, 0L),
                costs.getOrDefault(EXCEPTION_DELIVERY, 0L),
                costs.getOrDefault(WALK_REFERENCE, 0L),
                costs.getOrDefault(NESTED_WALK_REFERENCE, 0L),
                tlbEntries);
    }

    private static ExitCosts exitCosts(List<EventCost> exits) {
        Map<ExitKind, Long> costs = new EnumMap<>(ExitKind.class);
        for (EventCost exit : exits) {
            costs.put(kind(exit.getEvent()), exit.getCycles());
        }
        return new ExitCosts(costs);
    }

    private static ExitKind kind(String written) {
        for (ExitKind kind : ExitKind.values()) {
            if (kind.written().equals(written)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("unknown exit '" + written + "' in a cost model: expected one of "
                + Arrays.stream(ExitKind.values()).map(ExitKind::written).collect(Collectors.joining(", ")));
    }
}
