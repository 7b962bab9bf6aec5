package dev.simvisor.controller.modecosts;

import dev.simvisor.config.CostModel;
import dev.simvisor.config.ModeComparison;
import dev.simvisor.config.ModeComparison.Benchmark;
import dev.simvisor.config.OnReboot;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.embedded.LocalVm;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import dev.simvisor.controller.progress.Progress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Runs the benchmarks of a {@link ModeComparison}, one VM for each mode and cost model.
 *
 * <p>The guest measures cycles itself. Exits are counted from one line of its output to the next; each benchmark is run
 * three times, once to warm up, and what the third and longest run has more exits than the second is the operations' own:
 * printing a line costs the same in both.
 */
public final class ModeCostRun {
    private static final String GUEST = "builtin";
    private static final int LONGER = 3;
    private static final int RUNS = 3;
    private static final long MOST_NANOS = 60_000_000_000L;
    private static final long MOST_INSTRUCTIONS = 4_000_000_000L;
    private static final Pattern RESULT =
            Pattern.compile("nanobench (\\S+): (\\d+) operations, (\\d+\\.\\d+) TSC ticks each");

    private final ModeComparison comparison;
    private final GuestCache guests;

    public ModeCostRun(ModeComparison comparison, GuestCache guests) {
        this.comparison = comparison;
        this.guests = guests;
    }

    /**
     * Runs it all, cost model by cost model.
     *
     * @param progress told of each mode, and how many of its benchmarks have been run
     * @throws BootRefused when a mode is not available
     * @throws GuestException when there is no built-in guest
     */
    public List<ModeCosts> run(Progress progress) throws BootRefused, GuestException, IOException {
        for (VirtualizationMode mode : comparison.modes()) {
            Optional<String> refusal = LocalVm.modeRefusal(mode.toString());
            if (refusal.isPresent()) {
                throw new BootRefused(refusal.get());
            }
        }
        List<ModeCosts> results = new ArrayList<>();
        for (CostModel costModel : comparison.costModels()) {
            Map<VirtualizationMode, ModeCosts.OfMode> modes = new LinkedHashMap<>();
            for (VirtualizationMode mode : comparison.modes()) {
                try (Progress.Step step = progress.begin(
                        mode + " by " + costModel.name(),
                        OptionalLong.of((long) RUNS * comparison.benchmarks().size()),
                        Progress.Unit.BENCHMARK_RUNS)) {
                    modes.put(mode, run(costModel, mode, step));
                }
            }
            results.add(new ModeCosts(costModel.name(), modes));
        }
        return results;
    }

    private ModeCosts.OfMode run(CostModel costModel, VirtualizationMode mode, Progress.Step step)
            throws BootRefused, GuestException, IOException {
        GuestImage guest = guests.resolve(GUEST, mode);
        VmRequest request = new VmRequest(
                new VmRequest.Kernel(
                        new VmRequest.Image(GUEST, guest.kernel().read()), Optional.empty(), commandLine()),
                guest.memory(),
                List.of(),
                1,
                mode.toString(),
                "",
                Optional.of(costModel),
                false,
                OnReboot.STOP,
                EngineChoice.auto,
                Optional.empty());
        try (LocalVm vm = LocalVm.booted(request)) {
            List<Line> lines = new ArrayList<>();
            StringBuilder text = new StringBuilder();
            vm.consoleTo(value -> {
                if (value != '\n') {
                    text.append((char) value);
                    return;
                }
                Matcher result = RESULT.matcher(text);
                if (result.find()) {
                    lines.add(Line.of(result, vm.exits()));
                    step.at(lines.size());
                }
                text.setLength(0);
            });
            LocalVm.Outcome outcome = vm.runUntil(MOST_NANOS, MOST_INSTRUCTIONS);
            return new ModeCosts.OfMode(costs(lines), ending(outcome), slip(vm));
        }
    }

    private static Optional<String> ending(LocalVm.Outcome outcome) {
        return switch (outcome) {
            case POWERED_OFF -> Optional.empty();
            case PAUSED, STOPPED -> Optional.of("did not come to its end");
            case DEBUG_EXIT, RESET_REQUESTED -> Optional.of("reset");
            case TRIPLE_FAULT -> Optional.of("triple fault");
            case CRASHED -> Optional.of("crash");
        };
    }

    private static Optional<String> slip(LocalVm vm) {
        return vm.slipped()
                .first()
                .map(slip -> "'%s' %s, where in ring 0 it would have %s"
                        .formatted(slip.disassembly(), slip.seen(), slip.expected()));
    }

    private String commandLine() {
        List<String> commands = new ArrayList<>();
        for (Benchmark benchmark : comparison.benchmarks()) {
            int operations = benchmark.operations();
            commands.add(
                    "nanobench " + benchmark.name() + " " + operations + " " + operations + " " + LONGER * operations);
        }
        commands.add("halt");
        return commands.stream().collect(Collectors.joining(";", "run=\"", "\""));
    }

    /** A line of the guest's output, and what exits there had been by then. */
    private record Line(String benchmark, long operations, double cycles, SortedMap<String, Long> exits) {
        static Line of(Matcher result, SortedMap<String, Long> exits) {
            return new Line(
                    result.group(1), Long.parseLong(result.group(2)), Double.parseDouble(result.group(3)), exits);
        }

        /** Exits from an earlier line to this one. */
        SortedMap<String, Long> exitsSince(Line earlier) {
            SortedMap<String, Long> difference = new TreeMap<>(exits);
            earlier.exits.forEach((kind, count) -> difference.merge(kind, -count, Long::sum));
            return difference;
        }
    }

    private Map<String, ModeCosts.Cost> costs(List<Line> lines) {
        Map<String, ModeCosts.Cost> costs = new LinkedHashMap<>();
        for (int n = 0; n + RUNS <= lines.size(); n += RUNS) {
            Line before = lines.get(n);
            Line few = lines.get(n + 1);
            Line many = lines.get(n + 2);
            if (few.operations == many.operations) {
                throw new IllegalStateException(
                        "the guest ran " + many.benchmark + " " + many.operations + " times twice");
            }
            SortedMap<String, Double> exits = new TreeMap<>();
            SortedMap<String, Long> ofFew = few.exitsSince(before);
            many.exitsSince(few)
                    .forEach((kind, count) -> exits.put(
                            kind,
                            (double) (count - ofFew.getOrDefault(kind, 0L)) / (many.operations - few.operations)));
            exits.values().removeIf(perOperation -> perOperation == 0);
            costs.put(many.benchmark, new ModeCosts.Cost(many.cycles, exits));
        }
        return costs;
    }
}
