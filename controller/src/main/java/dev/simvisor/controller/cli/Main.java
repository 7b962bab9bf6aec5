package dev.simvisor.controller.cli;

import dev.simvisor.controller.guest.GuestCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The {@code simvisor} command. Its exit status is 0 only on success. */
@Command(
        name = "simvisor",
        description = "Simulates a cloud whose hosts run real operating systems.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = GuestCommand.class)
public final class Main {
    /** Runs the command that {@code args} names and ends the process with its exit status. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main());
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
