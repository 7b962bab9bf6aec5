package dev.simvisor.controller.cli;

import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.embedded.TranslationExperiment;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.report.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code simvisor explain translate}. */
@Command(
        name = "translate",
        description =
                "Boots a guest, builtin if none is named, in mode translate and shows blocks of its kernel beside their translation.",
        mixinStandardHelpOptions = true)
final class ExplainTranslate extends ExplainCommand.Explanation {
    @Mixin
    private GuestOptions guest = new GuestOptions("builtin");

    @Option(
            names = "--address",
            paramLabel = "HEX",
            description = "The block at this linear address, such as c0100000. Default: those that call out first.")
    private @Nullable String address;

    @Option(
            names = "--blocks",
            paramLabel = "N",
            defaultValue = "6",
            description = "How many blocks that call out, without --address. Default: ${DEFAULT-VALUE}.")
    private int blocks = 6;

    @Option(
            names = "--time",
            paramLabel = "DURATION",
            defaultValue = "100ms",
            description =
                    "How long the guest runs, in virtual time, before the look at --address, or at most until enough"
                            + " blocks have called out. Default: ${DEFAULT-VALUE}.")
    private VirtualDuration time = VirtualDuration.ZERO;

    @Override
    List<Map<String, Object>> fields() throws Exception {
        return found().stream().map(ExplainTranslate::fields).toList();
    }

    private static Map<String, Object> fields(TranslationExperiment.Block block) {
        List<Map<String, Object>> lines = new ArrayList<>();
        for (TranslationExperiment.Line line : block.lines()) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("address", line.guest().address());
            fields.put("bytes", line.guest().bytes());
            fields.put("guest", line.guest().text());
            fields.put("callout", line.callsOut());
            lines.add(fields);
        }
        return Map.of("instructions", lines);
    }

    @Override
    List<String> lines() throws Exception {
        Table table = Table.of("address", "bytes", "guest", "translation");
        List<String> lines = new ArrayList<>();
        boolean first = true;
        for (TranslationExperiment.Block block : found()) {
            if (!first) {
                table.row("", "", "", "");
            }
            first = false;
            for (TranslationExperiment.Line line : block.lines()) {
                table.row(
                        line.guest().address(),
                        line.guest().bytes(),
                        line.guest().text(),
                        line.translation());
            }
        }
        lines.addAll(table.lines());
        return lines;
    }

    private List<TranslationExperiment.Block> found() throws BootRefused, CommandFailed, GuestException, IOException {
        if (blocks < 1) {
            throw new BootRefused("--blocks " + blocks + ": expected at least 1");
        }
        VmRequest request = guest.request(VirtualizationMode.TRANSLATE, EngineChoice.interpreter, Optional.empty());
        if (address != null) {
            return List.of(TranslationExperiment.at(request, linear(address), time.nanos()));
        }
        List<TranslationExperiment.Block> found = TranslationExperiment.firstCallouts(request, blocks, time.nanos());
        if (found.isEmpty()) {
            throw new BootRefused("no block called out within --time: the guest has not entered protected mode yet");
        }
        return found;
    }

    private static long linear(String text) throws BootRefused {
        try {
            return Long.parseUnsignedLong(text.startsWith("0x") ? text.substring(2) : text, 16);
        } catch (NumberFormatException invalid) {
            throw new BootRefused("--address " + text + ": expected a hexadecimal number");
        }
    }
}
