package dev.simvisor.controller.benchmark;

import dev.simvisor.config.VirtualizationMode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Ours: {@code simvisor boot} of the distribution, in a JVM of its own. Timed from the start of its process, so the start
 * of the JVM and its warming up count.
 *
 * @param name as given to the benchmark: {@code simvisor}, and options of {@code boot} after colons
 * @param launcher {@code bin/simvisor}
 * @param folder for the files of a run
 */
record Simvisor(String name, Path launcher, Path folder) implements Emulator {
    private static final int END_SECONDS = 120;
    private static final Pattern INSTRUCTIONS = Pattern.compile("\"instructions\"\\s*:\\s*\"?(\\d+)");

    /** Without a cost model every instruction takes one cycle. */
    @Override
    public boolean ticksAreInstructions() {
        return true;
    }

    @Override
    public VirtualizationMode mode() {
        return Arrays.asList(name.split(":")).contains("mode=para") ? VirtualizationMode.PARA : VirtualizationMode.BARE;
    }

    /** A paravirtual guest has no board, and 64 bits. */
    @Override
    public boolean runs(Work work) {
        return mode() != VirtualizationMode.PARA
                || switch (work) {
                    case Work.Load _ -> false;
                    case Work.BuiltInLoad _ -> true;
                    case Work.Boot boot -> boot.width() == 64;
                };
    }

    @Override
    public Run start(BenchmarkGuest guest) throws BenchmarkException, IOException {
        if (!Files.isExecutable(launcher)) {
            throw new BenchmarkException(launcher + " is missing; run: mvn package");
        }
        Path stats = folder.resolve("stats.json");
        Files.deleteIfExists(stats);
        List<String> command = new ArrayList<>(List.of(launcher.toString(), "boot"));
        command.addAll(List.of("--kernel", guest.kernel().toString()));
        guest.initrd().ifPresent(initrd -> command.addAll(List.of("--initrd", initrd.toString())));
        command.addAll(List.of("--append", guest.commandLine(), "--memory", guest.memoryMib() + "M"));
        command.addAll(List.of("--stats", stats.toString()));
        options().forEach((option, value) -> command.add("--" + option + "=" + value));
        long start = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectError(folder.resolve("simvisor.err").toFile())
                .start();
        return new Started(process, new ConsoleWatch(process.getInputStream(), process), start, stats);
    }

    /** What the name has after colons. */
    private Map<String, String> options() throws BenchmarkException {
        Map<String, String> options = new LinkedHashMap<>();
        for (String option : Arrays.stream(name.split(":")).skip(1).toList()) {
            String[] parts = option.split("=", 2);
            if (parts.length != 2) {
                throw new BenchmarkException("'" + option + "' is no option: expected one such as mode=translate");
            }
            options.put(parts[0], parts[1]);
        }
        return options;
    }

    /** In a JVM of its own that has booted the same guest before; for a mode and an engine alone. */
    @Override
    public OptionalLong bootAgain(BenchmarkGuest guest, String marker)
            throws BenchmarkException, IOException, InterruptedException {
        Map<String, String> options = options();
        if (guest.initrd().isEmpty() || !Set.of("mode", "engine").containsAll(options.keySet())) {
            return OptionalLong.empty();
        }
        String nanos = new OwnJvm(launcher, folder)
                .run(
                        BootTwice.class,
                        List.of(),
                        List.of(
                                guest.kernel().toString(),
                                guest.initrd().get().toString(),
                                guest.commandLine(),
                                Integer.toString(guest.memoryMib()),
                                options.getOrDefault("mode", "bare"),
                                options.getOrDefault("engine", "auto"),
                                marker));
        return OptionalLong.of(Long.parseLong(nanos.strip()));
    }

    private record Started(Process process, ConsoleWatch console, long startNanos, Path stats) implements Run {
        @Override
        public OptionalLong finish(String command) throws BenchmarkException, IOException, InterruptedException {
            if (process.isAlive()) {
                OutputStream keyboard = process.getOutputStream();
                keyboard.write((command + "\n").getBytes(StandardCharsets.US_ASCII));
                keyboard.flush();
            }
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                throw new BenchmarkException("simvisor boot did not end within " + END_SECONDS + " s");
            }
            Matcher instructions = INSTRUCTIONS.matcher(Files.readString(stats));
            if (!instructions.find()) {
                throw new BenchmarkException(stats + " has no \"instructions\"");
            }
            return OptionalLong.of(Long.parseLong(instructions.group(1)));
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
