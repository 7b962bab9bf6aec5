package dev.simvisor.controller.cli;

import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.embedded.HotCodeExperiment;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.report.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code simvisor explain hot}. */
@Command(
        name = "hot",
        description =
                "Runs a guest, builtin with some work to do if none is named, and shows its hottest code beside the JVM bytecode that was made of it.",
        mixinStandardHelpOptions = true)
final class ExplainHot extends ExplainCommand.Explanation {
    /** Of the built-in guest, which would wait at its prompt. */
    private static final String WORK = "run=\"sieve 200; sort 20; halt\"";

    @Mixin
    private GuestOptions guest = new GuestOptions("builtin", WORK);

    @Mixin
    private SymbolsOption symbols = new SymbolsOption();

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "bare",
            description = "The virtualization mode. Default: ${DEFAULT-VALUE}.")
    private VirtualizationMode mode = VirtualizationMode.BARE;

    @Option(
            names = "--regions",
            paramLabel = "N",
            defaultValue = "3",
            description = "How many regions. Default: ${DEFAULT-VALUE}.")
    private int regions = 3;

    @Option(
            names = "--time",
            paramLabel = "DURATION",
            defaultValue = "1s",
            description = "How long the guest runs, in virtual time. Default: ${DEFAULT-VALUE}.")
    private VirtualDuration time = VirtualDuration.ZERO;

    @Override
    List<Map<String, Object>> fields() throws Exception {
        return found().stream().map(ExplainHot::fields).toList();
    }

    private static Map<String, Object> fields(HotCodeExperiment.HotRegion region) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("address", region.address());
        region.symbol().ifPresent(symbol -> fields.put("symbol", symbol));
        fields.put("executed", region.executed());
        fields.put("share", region.share());
        fields.put("entries", region.entries());
        fields.put("classFileBytes", region.classFileBytes());
        List<Map<String, Object>> lines = new ArrayList<>();
        for (HotCodeExperiment.Line line : region.lines()) {
            Map<String, Object> instruction = new LinkedHashMap<>();
            instruction.put("address", line.address());
            instruction.put("guest", line.guest());
            instruction.put("bytecode", line.bytecode());
            lines.add(instruction);
        }
        fields.put("instructions", lines);
        return fields;
    }

    @Override
    List<String> lines() throws Exception {
        List<String> lines = new ArrayList<>();
        for (HotCodeExperiment.HotRegion region : found()) {
            if (!lines.isEmpty()) {
                lines.add("");
            }
            lines.add(String.format(
                    Locale.ROOT,
                    "region at %s%s: %,d instructions (%.1f %% of all), entered %,d times, %d instructions, %,d bytes of class file",
                    region.address(),
                    region.symbol().map(symbol -> " (" + symbol + ")").orElse(""),
                    region.executed(),
                    100 * region.share(),
                    region.entries(),
                    region.lines().size(),
                    region.classFileBytes()));
            Table table = Table.of("address", "guest", "bytecode");
            for (HotCodeExperiment.Line line : region.lines()) {
                table.row(line.address(), line.guest(), String.join("; ", line.bytecode()));
            }
            lines.addAll(table.lines());
        }
        return lines;
    }

    private List<HotCodeExperiment.HotRegion> found() throws BootRefused, CommandFailed, GuestException, IOException {
        if (regions < 1) {
            throw new BootRefused("--regions " + regions + ": expected at least 1");
        }
        VmRequest request = guest.request(mode, EngineChoice.translator, symbols.image());
        List<HotCodeExperiment.HotRegion> found = HotCodeExperiment.hottest(request, regions, time.nanos());
        if (found.isEmpty()) {
            throw new BootRefused(
                    "nothing was hot within --time: let the guest run longer, or give it work with --append");
        }
        return found;
    }
}
