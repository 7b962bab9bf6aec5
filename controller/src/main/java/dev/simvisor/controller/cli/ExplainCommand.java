package dev.simvisor.controller.cli;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import dev.simvisor.config.CostModel;
import dev.simvisor.config.HostType;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.embedded.LocalVm;
import dev.simvisor.controller.report.Table;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code simvisor explain}: what is behind the words of the other commands. */
@Command(
        name = "explain",
        description = "Explains what the simulator does.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ExplainCommand.Modes.class,
            ExplainCommand.Exits.class,
            ExplainCritical.class,
            ExplainTranslate.class,
            ExplainHot.class,
            ExplainHypercalls.class
        })
final class ExplainCommand {
    /** Spelt as on the command line. */
    enum OutputFormat {
        table,
        json
    }

    /** What is explained: rows of named fields, or a text for people. */
    abstract static class Explanation implements Callable<Integer> {
        @Spec
        private @Nullable CommandSpec spec;

        @Option(
                names = "--output",
                paramLabel = "FORMAT",
                defaultValue = "table",
                description = "table or json. Default: ${DEFAULT-VALUE}.")
        private OutputFormat output = OutputFormat.table;

        abstract List<Map<String, Object>> fields() throws Exception;

        abstract List<String> lines() throws Exception;

        @Override
        public Integer call() throws Exception {
            PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
            switch (output) {
                case table -> lines().forEach(out::println);
                case json ->
                    out.println(ConfigValueFactory.fromIterable(fields())
                            .render(ConfigRenderOptions.concise().setFormatted(true)));
            }
            return ExitCode.OK;
        }
    }

    /** {@code simvisor explain modes}. */
    @Command(
            name = "modes",
            description = "What each virtualization mode does, and which host types support it.",
            mixinStandardHelpOptions = true)
    static final class Modes extends Explanation {
        @Override
        List<Map<String, Object>> fields() {
            List<Map<String, Object>> rows = new ArrayList<>();
            for (VirtualizationMode mode : VirtualizationMode.values()) {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("mode", mode.toString());
                row.put("available", isAvailable(mode));
                row.put("kernel", mode.kernel());
                row.put("sensitiveInstructions", mode.sensitiveInstructions());
                row.put("memory", mode.memory());
                row.put("hostTypes", hostTypes(mode));
                rows.add(row);
            }
            return rows;
        }

        @Override
        List<String> lines() {
            List<String> lines = new ArrayList<>();
            for (VirtualizationMode mode : VirtualizationMode.values()) {
                lines.add(mode + (isAvailable(mode) ? "" : " (not available yet)"));
                lines.add("  the guest's kernel runs  " + mode.kernel());
                lines.add("  sensitive instructions   " + mode.sensitiveInstructions());
                lines.add("  memory                   " + mode.memory());
                String types = String.join(", ", hostTypes(mode));
                lines.add("  host types               " + (types.isEmpty() ? "none" : types));
            }
            return lines;
        }

        private static boolean isAvailable(VirtualizationMode mode) {
            return LocalVm.modeRefusal(mode.toString()).isEmpty();
        }

        private static List<String> hostTypes(VirtualizationMode mode) {
            return HostType.load().values().stream()
                    .filter(type -> type.modes().contains(mode))
                    .map(HostType::name)
                    .toList();
        }
    }

    /** {@code simvisor explain exits}. */
    @Command(
            name = "exits",
            description = "The kinds of exit that modes count, and what each costs by the cost models.",
            mixinStandardHelpOptions = true)
    static final class Exits extends Explanation {
        /** Read when they are asked for: every command line makes this object. */
        private static List<CostModel> models() {
            return CostModel.names().stream().map(CostModel::load).toList();
        }

        @Override
        List<Map<String, Object>> fields() {
            List<CostModel> models = models();
            List<Map<String, Object>> rows = new ArrayList<>();
            for (CostModel.Exit exit : CostModel.Exit.values()) {
                Map<String, Object> costs = new LinkedHashMap<>();
                for (CostModel model : models) {
                    Map<String, Object> ofModel = new LinkedHashMap<>();
                    for (VirtualizationMode mode : VirtualizationMode.values()) {
                        figure(model, mode, exit)
                                .ifPresent(figure -> ofModel.put(
                                        mode.toString(),
                                        Map.of(
                                                "cycles", figure.value().longValueExact(),
                                                "evidence",
                                                        figure.evidence().name().toLowerCase(Locale.ROOT),
                                                "source", figure.source())));
                    }
                    costs.put(model.name(), ofModel);
                }
                rows.add(new LinkedHashMap<>(Map.of("exit", exit.written(), "about", exit.about(), "cycles", costs)));
            }
            return rows;
        }

        @Override
        List<String> lines() {
            List<String> lines = new ArrayList<>();
            Table kinds = Table.of("exit", "counted for");
            for (CostModel.Exit exit : CostModel.Exit.values()) {
                kinds.row(exit.written(), exit.about());
            }
            lines.addAll(kinds.lines());
            for (CostModel model : models()) {
                lines.add("");
                lines.add("Cycles by " + model.name() + ": " + model.description());
                lines.add("");
                lines.addAll(cycles(model).lines());
            }
            lines.add("");
            lines.add("The sources of all figures: --output json.");
            return lines;
        }

        private static Table cycles(CostModel model) {
            List<VirtualizationMode> modes = List.copyOf(model.exitCycles().keySet());
            List<String> headers = new ArrayList<>(List.of("exit"));
            modes.forEach(mode -> headers.add(">" + mode));
            Table table = Table.of(headers.toArray(String[]::new));
            Arrays.stream(CostModel.Exit.values()).forEach(exit -> {
                List<Object> cells = new ArrayList<>(List.of(exit.written()));
                modes.forEach(mode -> cells.add(figure(model, mode, exit)
                        .map(figure -> figure.value().toPlainString())
                        .orElse("-")));
                table.row(cells.toArray());
            });
            return table;
        }

        private static Optional<CostModel.Figure> figure(
                CostModel model, VirtualizationMode mode, CostModel.Exit exit) {
            return Optional.ofNullable(model.exitCycles().get(mode)).map(exits -> exits.get(exit));
        }
    }
}
