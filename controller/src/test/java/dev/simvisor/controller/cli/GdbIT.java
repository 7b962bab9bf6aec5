package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.simvisor.controller.ProgramsOnPath;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GDB itself at the packaged program, with the built-in guest, which begins with CLI, CLD, MOV ESP at 10000Ch. */
class GdbIT {
    private static final Path LAUNCHER =
            Path.of("target", "simvisor", "bin", "simvisor").toAbsolutePath();
    private static final Pattern PORT = Pattern.compile("simvisor: waiting for GDB: target remote :(\\d+)");
    private static final long PATIENCE_MINUTES = 3;

    @TempDir
    private Path directory;

    @BeforeAll
    static void isThereAGdb() {
        assumeTrue(ProgramsOnPath.find("gdb").isPresent(), "needs gdb");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "trap", "translate", "hardware"})
    void gdbStepsStopsAndWatchesAndTheGuestEndsWhereItWouldHave(String mode) throws Exception {
        Process vm = boot(mode, "--gdb", "0");
        String said;
        try (BufferedReader errors = vm.errorReader()) {
            Matcher waiting = PORT.matcher(errors.readLine());
            assertThat(waiting.matches()).isTrue();
            said = gdb(
                    "target remote :" + waiting.group(1),
                    "info registers eip cs",
                    "x/3i $pc",
                    "stepi",
                    "print/x $pc",
                    "break *0x100013",
                    "continue",
                    "print/x $esp",
                    "watch *(int *) ($esp - 4)",
                    "continue",
                    "monitor info",
                    "delete",
                    "continue");
        }
        assertThat(said)
                .contains("eip            0x10000c", "cs             0x10")
                .containsPattern("=> 0x10000c:\\s+cli")
                .contains("= 0x10000d", "Breakpoint 1, 0x00100013 in ??", "= 0x108100")
                .contains("Watchpoint 2: *(int *) ($esp - 4)", "New value = ", " ns of virtual time")
                .contains("exited with code 01");
        assertThat(hash(vm)).isEqualTo(hash(boot(mode)));
    }

    private Process boot(String mode, String... more) throws IOException {
        List<String> command =
                new ArrayList<>(List.of(LAUNCHER.toString(), "boot", "--guest", "builtin", "--mode", mode));
        command.addAll(List.of("--serial", directory.resolve("console").toString()));
        command.addAll(List.of("--max-instructions", "500000", "--record-hash"));
        command.addAll(List.of(more));
        return new ProcessBuilder(command).start();
    }

    private static String hash(Process vm) throws Exception {
        String output = new String(vm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(vm.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).isTrue();
        assertThat(output).startsWith("stateHash ");
        return output;
    }

    private static String gdb(String... commands) throws Exception {
        List<String> line = new ArrayList<>(List.of("gdb", "-nx", "-batch", "-ex", "set confirm off"));
        for (String command : commands) line.addAll(List.of("-ex", command));
        Process gdb = new ProcessBuilder(line).redirectErrorStream(true).start();
        gdb.getOutputStream().close();
        String said = new String(gdb.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(gdb.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).isTrue();
        return said;
    }
}
