package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Debian's own kernel by its Xen PV entry, under {@code simvisor boot} of the distribution, with one and two processors. */
class DebianParavirtualIT {
    private static final String SCRIPT = """
            uname -a; cat /sys/hypervisor/type /sys/hypervisor/version/m*; grep -c ^processor /proc/cpuinfo; \
            i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i | { read x; echo $((x*x)); }; done | md5sum; \
            dd if=/dev/zero bs=1k count=64 2>&- | md5sum; dmesg | grep -c 'Hypervisor detected: Xen PV'; \
            echo E''ND; poweroff -f
            """;

    /** Of the squares of 1 to 20, one a line, and of 64 KiB of zeros, by coreutils. */
    private static final String MD5_OF_SQUARES = "b5355240da6b5f76f254fa0731166ef1";

    private static final String MD5_OF_ZEROS = "fcd6bcb56c1689fcef28b57c22475bad";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void debianBootsToItsShellAndPowersOff(int cpus) throws IOException, InterruptedException {
        assertThat(Main.commandLine().execute("guest", "fetch", "debian-12-amd64"))
                .isZero();
        Path typed = Files.writeString(directory.resolve("typed"), SCRIPT);
        Path console = directory.resolve("console");
        Path statistics = directory.resolve("statistics");
        Process simvisor = new ProcessBuilder(
                        Path.of("target", "simvisor", "bin", "simvisor")
                                .toAbsolutePath()
                                .toString(),
                        "boot",
                        "--guest",
                        "debian-12-amd64",
                        "--mode",
                        "para",
                        "--cpus",
                        String.valueOf(cpus),
                        "--stats",
                        statistics.toString(),
                        "--max-time",
                        "60s")
                .redirectInput(typed.toFile())
                .redirectOutput(console.toFile())
                .redirectErrorStream(true)
                .start();
        int status = simvisor.waitFor();
        String said = Files.readString(console, StandardCharsets.UTF_8);
        assertThat(status).as(said).isZero();
        assertThat(said)
                .containsPattern("Linux \\S+ 6\\.1\\S+ .* x86_64 GNU/Linux\r?\nxen\r?\n4\r?\n17\r?\n" + cpus + "\r?\n")
                .containsPattern(MD5_OF_SQUARES + "  -\r?\n" + MD5_OF_ZEROS + "  -\r?\n1\r?\nEND\r?\n")
                .doesNotContain("BUG", "WARNING", "Oops");
        assertThat(Files.readString(statistics, StandardCharsets.UTF_8))
                .contains("\"hypercall\"", "\"mmu_update\"", "\"end\" : \"powered-off\"");
    }
}
