package dev.simvisor.controller.cli;

import dev.simvisor.config.Bandwidth;
import dev.simvisor.config.MemorySize;
import dev.simvisor.config.MigrationSettings;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.proto.api.MigrationParameters;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How VMs are migrated, for every command that migrates (picocli mixin). */
final class MigrationOptions {
    private static final int PAGE_BYTES = 4096;

    @Option(
            names = "--algorithm",
            paramLabel = "ALGORITHM",
            defaultValue = "pre-copy",
            description =
                    "pre-copy, stop-and-copy, post-copy or hybrid. Post-copy lets the VM go on at the target at once and"
                            + " sends its pages after it; hybrid does so with what rounds of pre-copy have left. Until the last page"
                            + " is there, the death of either host ends the VM. Default: ${DEFAULT-VALUE}.")
    private MigrationSettings.Algorithm algorithm = MigrationSettings.Algorithm.PRE_COPY;

    @Option(
            names = "--bandwidth",
            paramLabel = "RATE",
            description =
                    "The most that is used while the guest runs, such as 32MiB/s, but for pages that it waits for."
                            + " Default: all that the link gives.")
    private @Nullable Bandwidth bandwidth;

    @Option(
            names = "--downtime-limit",
            paramLabel = "DURATION",
            defaultValue = "300ms",
            description = "The guest is paused once the rest can be sent in so much time. Default: ${DEFAULT-VALUE}.")
    private VirtualDuration downtimeLimit = VirtualDuration.ZERO;

    @Option(
            names = "--max-rounds",
            paramLabel = "N",
            description = "After so many rounds it is paused regardless. Default: 30; 1 in hybrid.")
    private @Nullable Integer maxRounds;

    @Option(
            names = "--auto-converge",
            description = "While rounds do not converge, the VM gets less and less processor time: 20 %% less at first,"
                    + " 99 %% less at last, until it is paused or stays.")
    private boolean autoConverge;

    @Option(
            names = "--delta-cache",
            paramLabel = "SIZE",
            description =
                    "Memory in which the source keeps what it has sent, such as 64M: a page that is there and changes"
                            + " is sent as what has changed, where that is shorter. Default: none.")
    private @Nullable MemorySize deltaCache;

    @Option(
            names = "--compression",
            paramLabel = "METHOD",
            defaultValue = "none",
            description = "none or zstd: what is done with pages that are sent in full before the hand-over."
                    + " Default: ${DEFAULT-VALUE}.")
    private MigrationSettings.Compression compression = MigrationSettings.Compression.NONE;

    @Option(
            names = "--channels",
            paramLabel = "N",
            defaultValue = "1",
            description = "Streams to the target, each with a thread that compresses and makes deltas, up to "
                    + MigrationSettings.MOST_CHANNELS + ". Default: ${DEFAULT-VALUE}.")
    private int channels = 1;

    MigrationParameters parameters() throws CommandFailed {
        if (maxRounds != null && maxRounds < 1) {
            throw new CommandFailed("--max-rounds " + maxRounds + ": expected at least 1");
        }
        if (deltaCache != null && deltaCache.bytes() < PAGE_BYTES) {
            throw new CommandFailed("--delta-cache " + deltaCache + ": expected at least a page, 4K");
        }
        if (channels < 1 || channels > MigrationSettings.MOST_CHANNELS) {
            throw new CommandFailed(
                    "--channels " + channels + ": expected from 1 to " + MigrationSettings.MOST_CHANNELS);
        }
        return Specs.migration(new MigrationSettings(
                algorithm,
                Optional.ofNullable(bandwidth),
                downtimeLimit,
                maxRounds == null ? algorithm.defaultRounds() : maxRounds,
                autoConverge,
                Optional.ofNullable(deltaCache),
                compression,
                channels));
    }
}
