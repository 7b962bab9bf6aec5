package dev.simvisor.controller.benchmark;

import dev.simvisor.controller.benchmark.Work.BuiltInLoad;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One execution of a load, as its guest's console has it.
 *
 * @param checksum empty if the load has none
 * @param nanos of wall time between the two lines that frame it
 * @param ticks of the guest's time-stamp counter
 */
record LoadReport(long nanos, String checksum, long ticks) {
    private static final String END = "end checksum ";
    private static final Pattern REST = Pattern.compile("([0-9a-f]+) ticks ([0-9a-f]+)");
    private static final Pattern BUILT_IN =
            Pattern.compile(".*: (?:checksum ([0-9a-f]+)|[0-9]+ operations),(?:.* ([0-9]+) TSC ticks,?.*)?.*");

    /** Waits for a load to begin and end. */
    static LoadReport await(String load, ConsoleWatch console, Duration limit)
            throws BenchmarkException, IOException, InterruptedException {
        long began = console.await("begin " + load + "\n", limit);
        long ended = console.await(END, limit);
        String rest = console.line(limit);
        Matcher matcher = REST.matcher(rest);
        if (!matcher.matches()) {
            throw new BenchmarkException("unexpected report of a load: " + END + rest);
        }
        return new LoadReport(ended - began, matcher.group(1), Long.parseUnsignedLong(matcher.group(2), 16));
    }

    /** Waits for a command of the built-in guest's shell to be echoed, and for what it says when it is done. */
    static LoadReport await(BuiltInLoad load, ConsoleWatch console, Duration limit)
            throws BenchmarkException, IOException, InterruptedException {
        long began = console.await("> " + load.typed(), limit);
        long ended = console.await(load.command(), limit);
        String rest = console.line(limit);
        Matcher matcher = BUILT_IN.matcher(rest);
        if (!matcher.matches()) {
            throw new BenchmarkException("unexpected report of a load: " + load.command() + rest);
        }
        String ticks = matcher.group(2);
        return new LoadReport(
                ended - began,
                Objects.requireNonNullElse(matcher.group(1), ""),
                ticks == null ? 0 : Long.parseLong(ticks));
    }
}
