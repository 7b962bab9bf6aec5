package dev.simvisor.controller.cli;

import dev.simvisor.config.Experiment;
import dev.simvisor.config.ModeComparison;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.controller.experiment.ExperimentRun;
import dev.simvisor.controller.experiment.Outcome;
import dev.simvisor.controller.experiment.ResultFolder;
import dev.simvisor.controller.experiment.Summary;
import dev.simvisor.controller.guest.CacheOption;
import dev.simvisor.controller.modecosts.ModeCostChart;
import dev.simvisor.controller.modecosts.ModeCostReport;
import dev.simvisor.controller.modecosts.ModeCostRun;
import dev.simvisor.controller.modecosts.ModeCosts;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.controller.progress.TerminalProgress;
import dev.simvisor.controller.report.Figures;
import dev.simvisor.controller.report.MigrationTables;
import dev.simvisor.proto.api.Event;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code simvisor experiment}. */
@Command(
        name = "experiment",
        description = "Runs scenarios whose results are the same every time.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = ExperimentCommand.Run.class)
final class ExperimentCommand {
    /** {@code simvisor experiment run}. */
    @Command(
            name = "run",
            description = "Runs a scenario and leaves consoles, events, migration reports and state hashes as files; or"
                    + " compares the virtualization modes, and leaves tables and charts.",
            mixinStandardHelpOptions = true)
    static final class Run implements Callable<Integer> {
        @Spec
        private @Nullable CommandSpec spec;

        @Parameters(paramLabel = "FILE", description = "The scenario; see cluster-config/experiments/.")
        private Path scenario = Path.of("");

        @Option(names = "--out", paramLabel = "DIR", required = true, description = "A new folder for the results.")
        private Path out = Path.of("");

        @Option(
                names = "--nodes",
                paramLabel = "N",
                defaultValue = "0",
                description = "Carries the hosts in N processes of their own; the results are the same."
                        + " Default: all in this one.")
        private int nodes;

        @Option(
                names = "--placement",
                paramLabel = "POLICY",
                defaultValue = "first-fit",
                description = "first-fit, best-fit or worst-fit, for VMs that name no host. Default: ${DEFAULT-VALUE}.")
        private FitPlacement placement = FitPlacement.FIRST_FIT;

        @Mixin
        private CacheOption cacheOption = new CacheOption();

        @Override
        public Integer call() throws Exception {
            if (nodes < 0) {
                throw new CommandFailed("--nodes " + nodes + ": expected 1 or more, or 0 for none");
            }
            Optional<ModeComparison> comparison = ModeComparison.load(scenario);
            return comparison.isPresent() ? compareModes(comparison.get()) : runScenario();
        }

        private int compareModes(ModeComparison comparison) throws Exception {
            ResultFolder results = ResultFolder.at(out);
            CommandLine commandLine = Objects.requireNonNull(spec).commandLine();
            List<ModeCosts> costs =
                    new ModeCostRun(comparison, cacheOption.cache()).run(TerminalProgress.ofStandardError());
            ModeCostReport report = new ModeCostReport(comparison, costs);
            SortedMap<String, byte[]> files = new TreeMap<>();
            String text = String.join("\n", report.lines()) + "\n";
            files.put("mode-costs.txt", text.getBytes(StandardCharsets.UTF_8));
            files.put("mode-costs.json", report.toJson().getBytes(StandardCharsets.UTF_8));
            for (ModeCosts ofModel : costs) {
                files.put(ofModel.costModel() + ".png", ModeCostChart.png(comparison, ofModel));
            }
            results.write(files);
            report.lines().forEach(commandLine.getOut()::println);
            commandLine.getOut().println("Tables, figures and charts are in " + out);
            return ExitCode.OK;
        }

        private int runScenario() throws Exception {
            Experiment experiment = Experiment.load(scenario);
            ResultFolder results = ResultFolder.at(out);
            Outcome outcome;
            try (OwnCluster cluster = OwnCluster.start(experiment.topology(), nodes, placement)) {
                outcome = new ExperimentRun(experiment, cluster.control(), cacheOption.cache())
                        .run(TerminalProgress.ofStandardError());
            }
            results.write(outcome);
            PrintWriter output = Objects.requireNonNull(spec).commandLine().getOut();
            if (!outcome.migrations().isEmpty()) {
                output.printf("%s%n%n", MigrationTables.summary(outcome.migrations()));
            }
            if (Summary.isOf(outcome)) {
                Summary.of(outcome).lines().forEach(output::println);
                output.println();
            }
            for (Event event : outcome.events()) {
                if (event.hasRefusal()) {
                    output.printf("At %s: %s%n", new VirtualDuration(event.getVirtualNanos()), event.getRefusal());
                }
            }
            output.printf(
                    "%s of virtual time in %s: %s, %s and %s in %s%n",
                    Figures.seconds(outcome.virtualNanos()),
                    Figures.seconds(outcome.wallNanos()),
                    Figures.count(outcome.vms().size(), "VM"),
                    Figures.count(outcome.migrations().size(), "migration"),
                    Figures.count(outcome.events().size(), "event"),
                    out);
            return ExitCode.OK;
        }
    }
}
