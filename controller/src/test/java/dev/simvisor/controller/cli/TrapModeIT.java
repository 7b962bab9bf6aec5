package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Why classic x86 was not virtualizable: no kernel gets by in ring 1 with what traps alone. */
class TrapModeIT {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"builtin", "debian-12-i386", "debian-12-amd64"})
    void aKernelFailsAtAnInstructionThatTheReportNames(String guest) throws IOException, InterruptedException {
        assertThat(Main.commandLine().execute("guest", "fetch", guest)).isZero();
        Path errors = directory.resolve("errors");
        Process simvisor = new ProcessBuilder(
                        Path.of("target", "simvisor", "bin", "simvisor")
                                .toAbsolutePath()
                                .toString(),
                        "boot",
                        "--guest",
                        guest,
                        "--mode",
                        "trap",
                        "--max-time",
                        "200ms")
                .redirectInput(Files.createFile(directory.resolve("nothing")).toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile())
                .start();
        int status = simvisor.waitFor();
        String said = Files.readString(errors, StandardCharsets.UTF_8);
        assertThat(status).as(said).isEqualTo(1);
        assertThat(said)
                .containsPattern("went wrong in ring 1, first '[a-z].*' at [0-9A-F]+H after \\d+ instructions: it .*,"
                        + " in ring 0 it would have .*; in all: [a-z]")
                .hasLineCount(1);
    }
}
