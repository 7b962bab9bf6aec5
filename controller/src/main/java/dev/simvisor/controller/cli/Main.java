package dev.simvisor.controller.cli;

import dev.simvisor.config.Bandwidth;
import dev.simvisor.config.CostModel;
import dev.simvisor.config.MemorySize;
import dev.simvisor.config.MigrationSettings;
import dev.simvisor.config.OnReboot;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.guest.GuestCommand;
import dev.simvisor.controller.placement.FitPlacement;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.TypeConversionException;

/** The {@code simvisor} command. Its exit status is 0 only on success. */
@Command(
        name = "simvisor",
        description = "Simulates a cloud whose hosts run real operating systems.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND")
public final class Main {
    private static final List<Class<?>> COMMANDS = List.of(
            DemoCommand.class,
            BootCommand.class,
            UpCommand.class,
            NodeCommand.class,
            VmCommand.class,
            HostCommand.class,
            ClusterCommand.class,
            ExperimentCommand.class,
            ExplainCommand.class,
            GuestCommand.class);

    /** Runs the command that {@code args} names and ends the process with its exit status. */
    public static void main(String[] args) {
        // Reports and charts are the same to the byte whatever language their user speaks.
        Locale.setDefault(Locale.ROOT);
        // Before any thread is started: SLF4J complains of those that log while it initializes.
        LoggerFactory.getILoggerFactory();
        StandardOutput output = StandardOutput.install();
        int status = commandLine(args).execute(args);
        String problem = output.problem();
        if (problem != null && status == ExitCode.OK) {
            System.err.println("simvisor: standard output: " + problem);
            status = ExitCode.SOFTWARE;
        }
        System.exit(status);
    }

    /**
     * What understands {@code args}: with the command that they begin with or, where they begin with none, all commands. The
     * options of a command are learned by reflection; for all of them that takes a tenth of a second and more.
     */
    static CommandLine commandLine(String... args) {
        CommandLine commandLine = new CommandLine(new Main());
        List<Class<?>> named = COMMANDS.stream()
                .filter(command -> args.length > 0 && name(command).equals(args[0]))
                .toList();
        (named.isEmpty() ? COMMANDS : named).forEach(commandLine::addSubcommand);
        Failures failures = new Failures();
        return commandLine
                .registerConverter(int.class, wholeNumber(Integer::valueOf))
                .registerConverter(long.class, wholeNumber(Long::valueOf))
                .registerConverter(Integer.class, wholeNumber(Integer::valueOf))
                .registerConverter(Long.class, wholeNumber(Long::valueOf))
                .registerConverter(MemorySize.class, converter(MemorySize::parse))
                .registerConverter(VirtualDuration.class, converter(VirtualDuration::parse))
                .registerConverter(Bandwidth.class, converter(Bandwidth::parse))
                .registerConverter(CostModel.class, converter(CostModel::load))
                .registerConverter(VirtualizationMode.class, converter(VirtualizationMode::parse))
                .registerConverter(OnReboot.class, converter(OnReboot::parse))
                .registerConverter(FitPlacement.class, Main::placement)
                .registerConverter(MigrationSettings.Algorithm.class, Main::algorithm)
                .registerConverter(MigrationSettings.Compression.class, Main::compression)
                .setExecutionExceptionHandler(failures)
                .setParameterExceptionHandler(failures);
    }

    private static String name(Class<?> command) {
        return command.getAnnotation(Command.class).name();
    }

    /** The parser's message says what was expected; picocli puts the option's name before it. */
    private static <T> ITypeConverter<T> converter(Function<String, T> parse) {
        return text -> {
            try {
                return parse.apply(text);
            } catch (IllegalArgumentException invalid) {
                throw new TypeConversionException(invalid.getMessage());
            }
        };
    }

    private static <T> ITypeConverter<T> wholeNumber(Function<String, T> parse) {
        return text -> {
            try {
                return parse.apply(text);
            } catch (NumberFormatException invalid) {
                throw new TypeConversionException("expected a whole number, not \"" + text + "\"");
            }
        };
    }

    private static FitPlacement placement(String label) {
        return FitPlacement.labelled(label)
                .orElseThrow(() -> new TypeConversionException(
                        "expected first-fit, best-fit or worst-fit, not \"" + label + "\""));
    }

    private static MigrationSettings.Algorithm algorithm(String label) {
        return switch (label) {
            case "pre-copy" -> MigrationSettings.Algorithm.PRE_COPY;
            case "stop-and-copy" -> MigrationSettings.Algorithm.STOP_AND_COPY;
            case "post-copy" -> MigrationSettings.Algorithm.POST_COPY;
            case "hybrid" -> MigrationSettings.Algorithm.HYBRID;
            default ->
                throw new TypeConversionException(
                        "expected pre-copy, stop-and-copy, post-copy or hybrid, not \"" + label + "\"");
        };
    }

    private static MigrationSettings.Compression compression(String label) {
        return switch (label) {
            case "none" -> MigrationSettings.Compression.NONE;
            case "zstd" -> MigrationSettings.Compression.ZSTD;
            default -> throw new TypeConversionException("expected none or zstd, not \"" + label + "\"");
        };
    }

    /** The version that the distribution's jar carries in its manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"simvisor " + (version == null ? "(not packaged)" : version)};
        }
    }
}
