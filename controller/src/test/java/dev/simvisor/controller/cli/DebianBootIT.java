package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Debian's own kernels, as {@code simvisor guest fetch} gets them, under {@code simvisor boot} of the distribution. */
class DebianBootIT {
    private static final String COMMANDS = """
            uname -a
            cat /proc/cpuinfo
            dd if=/dev/zero of=/tmp/zeros bs=1k count=64
            md5sum /tmp/zeros
            poweroff -f
            """;

    /** Of 64 KiB of zeros, by coreutils. */
    private static final String MD5_OF_ZEROS = "fcd6bcb56c1689fcef28b57c22475bad";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"debian-12-amd64, x86_64", "debian-12-i386, i686"})
    void reachesTheShellRunsWhatIsTypedAndPowersOff(String guest, String machine)
            throws IOException, InterruptedException {
        assertThat(Main.commandLine().execute("guest", "fetch", guest)).isZero();

        String console = boot(guest);

        assertThat(console)
                .containsPattern("Linux \\S+ 6\\.1\\S+ .* " + machine + " GNU/Linux")
                .containsPattern("processor\\s+: 0")
                .contains("64+0 records in", "64+0 records out", MD5_OF_ZEROS + "  /tmp/zeros", "reboot: Power down");
    }

    private String boot(String guest) throws IOException, InterruptedException {
        Path typed = Files.writeString(directory.resolve("typed"), COMMANDS);
        Path console = directory.resolve("console");
        Process simvisor = new ProcessBuilder(
                        Path.of("target", "simvisor", "bin", "simvisor")
                                .toAbsolutePath()
                                .toString(),
                        "boot",
                        "--guest",
                        guest,
                        "--max-time",
                        "60s")
                .redirectInput(typed.toFile())
                .redirectOutput(console.toFile())
                .redirectErrorStream(true)
                .start();
        int status = simvisor.waitFor();
        String said = Files.readString(console, StandardCharsets.UTF_8);
        assertThat(status).as(said).isZero();
        return said;
    }
}
