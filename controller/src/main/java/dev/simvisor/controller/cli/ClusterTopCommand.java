package dev.simvisor.controller.cli;

import dev.simvisor.config.VirtualDuration;
import dev.simvisor.proto.api.MetricsSample;
import dev.simvisor.proto.api.WatchMetricsRequest;
import java.util.Iterator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code simvisor cluster top}. */
@Command(
        name = "top",
        description = "Shows how busy hosts and VMs are, again and again, until Ctrl-C.",
        footer = {
            "",
            "CPU is the part of the processors' time that was used, of a VM that of one processor; READY the time in which"
                    + " vCPUs had something to execute and no processor, both of the interval's length. LINK is what"
                    + " migrations and clones sent in full. All times are virtual."
        })
final class ClusterTopCommand extends ClientCommand {
    /** To the upper left corner, and nothing below it (ECMA-48 §8.3.21 CUP and §8.3.39 ED). */
    private static final String CLEAR = "\033[H\033[J";

    private static final long SHORTEST_NANOS = 1_000_000;

    @Option(
            names = "--every",
            paramLabel = "DURATION",
            defaultValue = "1s",
            description = "Virtual time from one table to the next. Default: ${DEFAULT-VALUE}.")
    private VirtualDuration every = VirtualDuration.ZERO;

    @Option(names = "--count", paramLabel = "N", description = "Ends after N tables.")
    private long count = Long.MAX_VALUE;

    @Override
    void run(ApiClient api) throws Exception {
        if (every.nanos() < SHORTEST_NANOS) {
            throw new CommandFailed("--every " + every + ": expected at least 1ms");
        }
        if (count < 1) {
            throw new CommandFailed("--count " + count + ": expected at least 1");
        }
        boolean refreshes =
                isTable() && System.console() != null && System.console().isTerminal();
        Iterator<MetricsSample> samples = api.cluster()
                .watchMetrics(WatchMetricsRequest.newBuilder()
                        .setIntervalNanos(every.nanos())
                        .build());
        for (long shown = 0; shown < count && isShown() && samples.hasNext(); shown++) {
            MetricsSample sample = samples.next();
            showLine(sample, () -> (refreshes ? CLEAR : "") + MetricsTables.page(sample));
        }
    }
}
