package dev.simvisor.controller.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.OnReboot;
import dev.simvisor.controller.ProgramsOnPath;
import dev.simvisor.controller.benchmark.Work.Load;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.embedded.LocalVm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every load of the benchmark's guests, a little of each; skipped without a compiler for both widths. */
class BenchmarkGuestsIT {
    private static final Path SOURCES = Path.of("src/test/guest");
    private static final List<String> LOADS = WorkCatalogue.ALL.stream()
            .filter(Load.class::isInstance)
            .map(work -> ((Load) work).load())
            .distinct()
            .toList();

    /** Of loads whose single round does not make their code hot, so many rounds that it becomes so. */
    private static final Map<String, Integer> ROUNDS = Map.ofEntries(
            Map.entry("mix", 5),
            Map.entry("gcd", 4),
            Map.entry("powers", 10),
            Map.entry("text", 10),
            Map.entry("hash", 6),
            Map.entry("fib", 4),
            Map.entry("dispatch", 60),
            Map.entry("interpret", 60),
            Map.entry("rewrite", 40),
            Map.entry("patch", 40),
            Map.entry("syscalls", 40),
            Map.entry("interrupts", 40),
            Map.entry("switches", 20),
            Map.entry("faults", 130),
            Map.entry("forks", 30));

    private static final String ALL = LOADS.stream()
            .map(load -> load + ":" + ROUNDS.getOrDefault(load, 1))
            .collect(Collectors.joining(",", "run=", ""));
    private static final long SLICE_NANOS = 10_000_000;
    private static final long LIMIT_NANOS = 2_000_000_000;

    @TempDir
    private static Path folder;

    private static LoadGuests guests = new LoadGuests(Path.of(""));

    /** What the guests say, by width, when they are translated. */
    private static final Map<Integer, String> TRANSLATED = new HashMap<>();

    @BeforeAll
    static void build() throws BenchmarkException, BootRefused, IOException, InterruptedException {
        assumeTrue(compilesForBothWidths(), "needs gcc and gcc-multilib");
        guests = LoadGuests.build(SOURCES, folder);
        for (int width : List.of(32, 64)) TRANSLATED.put(width, console(width, EngineChoice.translator));
    }

    private static boolean compilesForBothWidths() throws InterruptedException {
        try {
            Process gcc = new ProcessBuilder("gcc", "-m32", "-print-libgcc-file-name").start();
            String library = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return gcc.waitFor() == 0 && Files.exists(Path.of(library));
        } catch (IOException missing) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64})
    void everyLoadDoesTheSameInterpretedAndTranslated(int width) throws BootRefused, IOException {
        String interpreted = console(width, EngineChoice.interpreter);

        assertThat(loads(interpreted)).isEqualTo(LOADS);
        assertThat(interpreted).endsWith(LoadGuests.DONE + "\n").doesNotContain("panic");
        assertThat(TRANSLATED).containsEntry(width, interpreted);
    }

    @Test
    void everyLoadComputesTheSameInBothWidths() {
        assertThat(checksums(64)).hasSameSizeAs(LOADS).isEqualTo(checksums(32));
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64})
    void everyLoadComputesTheSameInQemu(int width) throws BenchmarkException, IOException, InterruptedException {
        assumeTrue(isInstalled("qemu-system-x86_64"), "needs qemu-system-x86");
        List<String> ours = checksums(width);
        try (Emulator.Run run = new Qemu(folder).start(guests.guest(width, ALL))) {
            for (int i = 0; i < LOADS.size(); i++) {
                LoadReport report = LoadReport.await(LOADS.get(i), run.console(), Duration.ofMinutes(5));
                assertThat(report.checksum()).as(LOADS.get(i)).isEqualTo(ours.get(i));
            }
        }
    }

    private static boolean isInstalled(String program) {
        return ProgramsOnPath.find(program).isPresent();
    }

    /** All that the guest says when it runs every load. */
    private static String console(int width, EngineChoice engine) throws BootRefused, IOException {
        BenchmarkGuest guest = guests.guest(width, ALL);
        VmRequest request = new VmRequest(
                new VmRequest.Kernel(
                        new VmRequest.Image(guest.name(), Files.readAllBytes(guest.kernel())),
                        Optional.empty(),
                        guest.commandLine()),
                new MemorySize((long) guest.memoryMib() << 20),
                List.of(),
                1,
                "bare",
                "",
                Optional.empty(),
                false,
                OnReboot.STOP,
                engine,
                Optional.empty());
        StringBuilder console = new StringBuilder();
        try (LocalVm vm = LocalVm.booted(request)) {
            vm.consoleTo(value -> console.append((char) value));
            while (!vm.isStuck() && vm.nanos() < LIMIT_NANOS) {
                LocalVm.Outcome outcome = vm.runUntil(vm.nanos() + SLICE_NANOS, Long.MAX_VALUE);
                assertThat(outcome).as(console.toString()).isEqualTo(LocalVm.Outcome.PAUSED);
            }
        }
        return console.toString();
    }

    private static List<String> loads(String console) {
        return console.lines()
                .filter(line -> line.startsWith("begin "))
                .map(line -> line.substring("begin ".length()))
                .toList();
    }

    private static List<String> checksums(int width) {
        return TRANSLATED
                .getOrDefault(width, "")
                .lines()
                .filter(line -> line.startsWith("end "))
                .map(line -> line.replaceFirst(" ticks .*", ""))
                .map(line -> line.replaceFirst("end checksum ", ""))
                .toList();
    }
}
