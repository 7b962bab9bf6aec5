package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Boots Debian to its shell and runs the built-in guest's loads, in Simvisor and in Bochs by turns, and prints the medians
 * of the wall times, their ratio and guest instructions per wall second.
 *
 * <p>Arguments: the distribution's {@code bin/simvisor}, a folder for files, and the number of rounds.
 */
final class InterpreterBenchmark {
    /** About a hundred million instructions each, except where one of them costs more than usual. */
    private static final List<String> LOADS = List.of(
            "sieve 100",
            "matrix 100",
            "doubles 100",
            "crc 200",
            "fib 32",
            "gcd 700",
            "interpret 1500",
            "sort 40",
            "strings 60",
            "chase 25000",
            "copy 1000",
            "rewrite 1000",
            "syscalls 1000000",
            "switches 200000",
            "pagefaults 20000");

    private static final String LINUX = "debian boot";
    private static final String LINUX_SHELL = "built-in shell (ash)";
    private static final Duration LIMIT = Duration.ofMinutes(10);

    /** What the guest says of a load: Bochs' time-stamp counter counts instructions, each repetition of a REP as one. */
    private static final Pattern TICKS = Pattern.compile("(\\d+) TSC ticks");

    private final BenchmarkGuest linux;
    private final BenchmarkGuest loads;
    private final List<Emulator> emulators;
    private final Results results = new Results();

    private InterpreterBenchmark(Path launcher, Path folder) throws BenchmarkException, IOException {
        linux = BenchmarkGuest.debian(folder);
        loads = BenchmarkGuest.builtIn(String.join("; ", LOADS), folder);
        emulators = List.of(new Simvisor(launcher, folder), new Bochs(folder));
    }

    /** Ends with status 1 and one line when something is missing. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path folder = Files.createDirectories(Path.of(arguments[1]));
        try {
            new InterpreterBenchmark(Path.of(arguments[0]).toAbsolutePath(), folder.toAbsolutePath())
                    .run(Integer.parseInt(arguments[2]));
        } catch (BenchmarkException failed) {
            System.err.println("benchmark: " + failed.getMessage());
            System.exit(1);
        }
    }

    private void run(int rounds) throws BenchmarkException, IOException, InterruptedException {
        for (int round = 1; round <= rounds; round++) {
            for (Emulator emulator : emulators) {
                bootLinux(emulator);
                runLoads(emulator);
                System.out.printf("round %d of %d: %s done%n", round, rounds, emulator.name());
            }
        }
        System.out.print(results.table());
        System.out.println("Simvisor's boots are timed from the start of its process, Bochs' from its loader's end.");
        System.out.println("Instructions: of boots as Simvisor counts them, of loads as Bochs does.");
    }

    private void bootLinux(Emulator emulator) throws BenchmarkException, IOException, InterruptedException {
        try (Emulator.Run run = emulator.start(linux)) {
            results.add(LINUX, emulator, run.console().await(LINUX_SHELL, LIMIT) - run.startNanos());
            OptionalLong instructions = run.finish("poweroff -f");
            instructions.ifPresent(count -> results.count(LINUX, count));
        } catch (BenchmarkException failed) {
            throw new BenchmarkException(emulator.name() + ", " + linux.name() + ": " + failed.getMessage());
        }
    }

    private void runLoads(Emulator emulator) throws BenchmarkException, IOException, InterruptedException {
        try (Emulator.Run run = emulator.start(loads)) {
            for (String load : LOADS) {
                long start = run.console().await("simvisor> " + load + "\r\n", LIMIT);
                String report = run.console().line(LIMIT);
                results.add(load, emulator, System.nanoTime() - start);
                Matcher ticks = TICKS.matcher(report);
                if (!ticks.find()) {
                    throw new BenchmarkException("unexpected report of a load: " + report);
                }
                if (emulator instanceof Bochs) {
                    results.count(load, Long.parseLong(ticks.group(1)));
                }
            }
        } catch (BenchmarkException failed) {
            throw new BenchmarkException(emulator.name() + ", " + loads.name() + ": " + failed.getMessage());
        }
    }
}
