package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Debian reboots under {@code simvisor boot} of the distribution, and comes up again. */
class RebootIT {
    private static final String PROMPT = "/root # ";

    @TempDir
    private Path directory;

    private Process boot(String... options) throws IOException {
        assertThat(Main.commandLine().execute("guest", "fetch", "debian-12-amd64"))
                .isZero();
        ProcessBuilder simvisor = new ProcessBuilder(
                Path.of("target", "simvisor", "bin", "simvisor")
                        .toAbsolutePath()
                        .toString(),
                "boot",
                "--guest",
                "debian-12-amd64",
                "--stats",
                directory.resolve("statistics").toString(),
                "--max-time",
                "200s");
        simvisor.command().addAll(List.of(options));
        return simvisor.redirectErrorStream(true).start();
    }

    private String statistics() throws IOException {
        return Files.readString(directory.resolve("statistics"), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource({"bare,4", "para,2"})
    void debianRebootsTwiceAndPowersOff(String mode, int cpus) throws Exception {
        Process simvisor = boot("--mode", mode, "--cpus", String.valueOf(cpus));
        StringBuilder said = new StringBuilder();
        for (int reboots = 0; reboots < 2; reboots++) {
            readUntil(PROMPT, simvisor.getInputStream(), said);
            type(simvisor, "ls /gone; grep -c ^processor /proc/cpuinfo; touch /gone; reboot -f\n");
        }
        readUntil(PROMPT, simvisor.getInputStream(), said);
        type(simvisor, "ls /gone; poweroff -f\n");
        said.append(new String(simvisor.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1));

        assertThat(simvisor.waitFor()).as(said.toString()).isZero();
        assertThat(said.toString().split("ls: /gone: No such file or directory\r?\n", -1))
                .hasSize(4);
        assertThat(said.toString().split("Linux version", -1)).hasSize(4);
        assertThat(said.toString().split("\n" + cpus + "\r?\n", -1)).hasSize(3);
        assertThat(said).doesNotContain("BUG", "WARNING", "Oops");
        assertThat(statistics()).contains("\"end\" : \"powered-off\"", "\"resets\" : 2");
    }

    @Test
    void aVmThatIsToStopStops() throws Exception {
        Process simvisor = boot("--on-reboot", "stop");
        StringBuilder said = new StringBuilder();
        readUntil(PROMPT, simvisor.getInputStream(), said);
        type(simvisor, "reboot -f\n");
        said.append(new String(simvisor.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1));
        assertThat(simvisor.waitFor()).as(said.toString()).isEqualTo(1);
        assertThat(said).contains("simvisor: the guest asked for a reset, and --on-reboot stop ends it there");
        assertThat(statistics()).contains("\"end\" : \"reset\"", "\"resets\" : 0");
    }

    private static void type(Process simvisor, String text) throws IOException {
        simvisor.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        simvisor.getOutputStream().flush();
    }

    private static void readUntil(String text, InputStream output, StringBuilder said) throws IOException {
        int from = said.length();
        while (said.indexOf(text, from) < 0) {
            int next = output.read();
            assertThat(next).as(said.toString()).isNotNegative();
            said.append((char) next);
        }
    }
}
