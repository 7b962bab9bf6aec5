package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Boots Debian to its shell and runs the built-in guest's loads, in several emulators by turns, and prints the medians of the
 * wall times, each emulator's ratio to the first, and the first one's guest instructions per wall second.
 *
 * <p>Arguments: the distribution's {@code bin/simvisor}, a folder for files, the number of rounds, and the emulators, with
 * commas between: {@code bochs}, {@code qemu}, or {@code simvisor} with options of {@code boot} after colons, as in
 * {@code simvisor:mode=translate:engine=interpreter}.
 */
final class EmulatorBenchmark {
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

    /** What the guest says of a load: some emulators' time-stamp counters count instructions. */
    private static final Pattern TICKS = Pattern.compile("(\\d+) TSC ticks");

    private final BenchmarkGuest linux;
    private final BenchmarkGuest loads;
    private final List<Emulator> emulators;
    private final Results results;

    private EmulatorBenchmark(Path launcher, Path folder, String names) throws BenchmarkException, IOException {
        linux = BenchmarkGuest.debian(folder);
        loads = BenchmarkGuest.builtIn(String.join("; ", LOADS), folder);
        List<Emulator> named = new ArrayList<>();
        for (String name : names.split(",")) named.add(emulator(name, launcher, folder));
        emulators = List.copyOf(named);
        results = new Results(emulators);
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

    /** Ends with status 1 and one line when something is missing. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path folder = Files.createDirectories(Path.of(arguments[1]));
        try {
            new EmulatorBenchmark(Path.of(arguments[0]).toAbsolutePath(), folder.toAbsolutePath(), arguments[3])
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
        System.out.println("Boots are timed from the start of the process, Bochs' from its loader's end.");
        System.out.println(
                "Instructions: of boots as Simvisor counts them, of loads as the guest's time-stamp counter does.");
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
                if (emulator.ticksAreInstructions()) {
                    results.count(load, Long.parseLong(ticks.group(1)));
                }
            }
        } catch (BenchmarkException failed) {
            throw new BenchmarkException(emulator.name() + ", " + loads.name() + ": " + failed.getMessage());
        }
    }
}
