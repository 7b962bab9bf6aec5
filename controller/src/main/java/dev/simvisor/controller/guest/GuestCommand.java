package dev.simvisor.controller.guest;

import picocli.CommandLine.Command;

/** {@code simvisor guest}: what there is to boot. */
@Command(
        name = "guest",
        description = "Lists the guests of the catalogue and fetches those that need a download.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {GuestFetchCommand.class, GuestListCommand.class})
public final class GuestCommand {}
