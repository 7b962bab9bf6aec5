package dev.simvisor.controller.benchmark;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.benchmark.Results.Repetition;
import dev.simvisor.controller.benchmark.Work.Boot;
import dev.simvisor.controller.benchmark.Work.BuiltInLoad;
import dev.simvisor.controller.benchmark.Work.Load;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Runs loads of the project's own, in 32 and in 64 bit, and boots Debian's kernels, in several emulators by turns. Prints
 * medians of the wall times, each emulator's ratio to the first, and the first one's guest instructions per wall second.
 *
 * <p>Arguments: the distribution's {@code bin/simvisor}; the sources of the guests; a folder for files; the number of rounds;
 * the emulators, with commas between: {@code bochs}, {@code qemu}, or {@code simvisor} with options of {@code boot} after
 * colons, as in {@code simvisor:mode=translate:engine=interpreter}; and what to time, as {@link WorkCatalogue#select}
 * understands it.
 */
final class EmulatorBenchmark {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final String LEGEND = """
            ms: medians of wall time. x: how many times as long as the first emulator takes.
            first: a new process for each load, so the JVM's warming up counts; again: the same load once more in that process.
            Boots are timed from the start of the process, Bochs' from its loader's end, until the shell's prompt; again is a
            second VM in a JVM that has booted one, and for an emulator that has no second one its first.
            Minstr/s: guest instructions of the first emulator per wall second; a REP's every repetition is one.
            All emulators had the same checksums. -: nothing to time, as for a board's guests in mode para.
            """;

    private final Path folder;
    private final List<Work> works;
    private final List<Emulator> emulators;
    private final Results results;
    private LoadGuests loadGuests;

    private EmulatorBenchmark(Path folder, List<Emulator> emulators, List<Work> works) {
        this.folder = folder;
        loadGuests = new LoadGuests(folder);
        this.emulators = emulators;
        this.works = works;
        results = new Results(emulators.stream().map(Emulator::name).toList());
    }

    /** Ends with status 1 and one line when something is missing or checksums differ. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path launcher = Path.of(arguments[0]).toAbsolutePath();
        Path folder = Files.createDirectories(Path.of(arguments[2])).toAbsolutePath();
        try {
            List<Emulator> emulators = new ArrayList<>();
            for (String name : arguments[4].split(",")) emulators.add(emulator(name, launcher, folder));
            List<Work> works = WorkCatalogue.select(arguments[5]);
            EmulatorBenchmark benchmark = new EmulatorBenchmark(folder, List.copyOf(emulators), works);
            benchmark.prepare(Path.of(arguments[1]));
            benchmark.run(Integer.parseInt(arguments[3]));
            new ManyVms(new OwnJvm(launcher, folder), folder).measure(arguments[5], Path.of(arguments[1]));
        } catch (BenchmarkException failed) {
            System.err.println("benchmark: " + failed.getMessage());
            System.exit(1);
        }
    }

    private static Emulator emulator(String name, Path launcher, Path folder) throws BenchmarkException {
        return switch (name.split(":")[0]) {
            case "bochs" -> new Bochs(folder);
            case "qemu" -> new Qemu(folder);
            case "simvisor" -> new Simvisor(name, launcher, folder);
            default ->
                throw new BenchmarkException("unknown emulator '" + name
                        + "': expected bochs, qemu or simvisor, the last with options such as simvisor:mode=translate");
        };
    }

    private void prepare(Path sources) throws BenchmarkException, IOException, InterruptedException {
        if (works.stream().anyMatch(Load.class::isInstance)) loadGuests = LoadGuests.build(sources, folder);
        // So that one that is missing is missed now, not after an hour.
        for (Work work : works) guest(work, VirtualizationMode.BARE);
    }

    private BenchmarkGuest guest(Work work, VirtualizationMode mode) throws BenchmarkException, IOException {
        return switch (work) {
            case Load load -> loadGuests.guest(load.width(), load.commandLine());
            case BuiltInLoad load -> BenchmarkGuest.builtIn(load.commandLine(), mode, folder);
            case Boot boot -> BenchmarkGuest.linux(boot.guest(), mode, folder);
        };
    }

    private void run(int rounds) throws BenchmarkException, IOException, InterruptedException {
        for (int round = 1; round <= rounds; round++) {
            for (Work work : works) {
                for (Emulator emulator : emulators) {
                    if (emulator.runs(work)) time(work, guest(work, emulator.mode()), emulator);
                }
                System.out.printf("round %d of %d: %s%n", round, rounds, results.soFar(work));
            }
        }
        if (!works.isEmpty()) System.out.print("\n" + results.table() + LEGEND);
    }

    private void time(Work work, BenchmarkGuest guest, Emulator emulator)
            throws BenchmarkException, IOException, InterruptedException {
        try {
            switch (work) {
                case Load load ->
                    runTwice(load, guest, emulator, console -> LoadReport.await(load.load(), console, LIMIT));
                case BuiltInLoad load ->
                    runTwice(load, guest, emulator, console -> LoadReport.await(load, console, LIMIT));
                case Boot boot -> boot(boot, guest, emulator);
            }
        } catch (BenchmarkException failed) {
            throw new BenchmarkException(emulator.name() + ", " + work.name() + ": " + failed.getMessage());
        }
    }

    /** How an execution of a load is waited for. */
    private interface Execution {
        LoadReport await(ConsoleWatch console) throws BenchmarkException, IOException, InterruptedException;
    }

    private void runTwice(Work load, BenchmarkGuest guest, Emulator emulator, Execution execution)
            throws BenchmarkException, IOException, InterruptedException {
        try (Emulator.Run run = emulator.start(guest)) {
            for (Repetition repetition : Repetition.values()) {
                LoadReport report = execution.await(run.console());
                results.add(load, emulator.name(), repetition, report.nanos());
                results.check(load, emulator.name(), report.checksum());
                if (emulator.ticksAreInstructions() && report.ticks() > 0) {
                    results.count(load, emulator.name(), report.ticks());
                }
            }
        }
    }

    private void boot(Boot boot, BenchmarkGuest guest, Emulator emulator)
            throws BenchmarkException, IOException, InterruptedException {
        try (Emulator.Run run = emulator.start(guest)) {
            long reached = run.console().await(Boot.PROMPT, LIMIT);
            results.add(boot, emulator.name(), Repetition.FIRST, reached - run.startNanos());
            OptionalLong instructions = run.finish("poweroff -f");
            instructions.ifPresent(count -> results.count(boot, emulator.name(), count));
        }
        OptionalLong again = emulator.bootAgain(guest, Boot.PROMPT);
        again.ifPresent(nanos -> results.add(boot, emulator.name(), Repetition.AGAIN, nanos));
    }
}
