package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same guests in every mode that runs them, under {@code simvisor boot} of the distribution: Debian's own kernels, as
 * {@code simvisor guest fetch} gets them, and the built-in one. What they say must not depend on the mode.
 */
class GuestsInEveryModeIT {
    private static final List<String> MODES = List.of("bare", "translate", "hardware");

    /** Checksums over all files, a loop of pipes and forks, a walk through memory. Printed at once, apart from the echo. */
    private static final String SCRIPT = """
            { uname -a; cat /proc/cpuinfo; \
            find / -xdev -type f -size -4096k | grep -v ^/tmp | sort | xargs md5sum | md5sum; \
            i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo $i | { read x; echo $((x*x)); }; done | md5sum; \
            dd if=/dev/zero bs=1k count=64 | md5sum; \
            dd if=/dev/zero bs=1M count=8 2>&- | tr '\\0' x | md5sum; \
            awk 'BEGIN { for (i = 0; i < 20000; i++) a[i] = i * i; for (i = 0; i < 20000; i++) s += a[i]; print s }'; \
            } > /tmp/said 2>&1; echo BE''GIN; cat /tmp/said; echo E''ND; poweroff -f
            """;

    /** Six sums at a time, and who worked for more than 100 ms. */
    private static final String WORK_FOR_MANY = """
            echo `grep -c ^processor /proc/cpuinfo` processors; \
            for n in 1 2 3 4 5 6; do dd if=/dev/zero bs=1M count=4 2>&- | md5sum & done; wait; \
            awk '/^cpu[0-9]/ && $2 + $4 > 10 { print $1, "worked" }' /proc/stat; poweroff -f
            """;

    /** Of 4 MiB of zeros, by coreutils. */
    private static final String MD5_OF_MEBIBYTES = "b5cfa9d6c8febd618f91ac2843d50a1c";

    /** Of 64 KiB of zeros, by coreutils. */
    private static final String MD5_OF_ZEROS = "fcd6bcb56c1689fcef28b57c22475bad";

    /** Sum of the squares below 20000: n (n - 1) (2n - 1) / 6, as awk prints it. */
    private static final String SUM_OF_SQUARES = "2666466670000";

    private static final String LOADS = """
            syscalls 20000
            switches 2000
            pagefaults 500
            sieve 1
            rewrite 10
            halt
            """;

    private static final Pattern SAID = Pattern.compile("BEGIN\r?\n(.*?)END\r?\n", Pattern.DOTALL);
    /** How long a load took, which depends on when timer interrupts came. */
    private static final Pattern TICKS = Pattern.compile("\\d+ TSC ticks");

    /** What the processor can do: less where the VMM keeps paging and segmentation to itself. */
    private static final Pattern FEATURES = Pattern.compile("flags\\s+:.*");

    /** Instructions that a paravirtual kernel may execute and Xen carries out for it: xen/arch/x86/pv/emul-priv-op.c. */
    private static final Set<String> EMULATED_BY_XEN =
            Set.of("CLI", "STI", "IN", "OUT", "CLTS", "CPUID", "MOV", "RDMSR", "WRMSR", "WBINVD", "XSETBV", "INVLPG");

    private static final Pattern NANOS = Pattern.compile("\\d+ ns");

    /** What is free, which is more where the VMM keeps what a kernel keeps elsewhere. */
    private static final Pattern FREE = Pattern.compile("\\d+ KiB free");

    /** dd tells how long it took, which depends on what else the machine was doing when the keys came. */
    private static final Pattern DURATION = Pattern.compile("copied, .*");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "debian-12-amd64, 6.1, x86_64, true",
        "debian-12-i386, 6.1, i686, false",
        "debian-13-amd64, 6.12, x86_64, true"
    })
    void debianRunsTheSameScriptWithTheSameOutput(String guest, String release, String machine, boolean paravirtual)
            throws IOException, InterruptedException {
        assertThat(Main.commandLine().execute("guest", "fetch", guest)).isZero();
        String bare = said(boot(guest, "bare", SCRIPT));
        assertThat(bare)
                .containsPattern("Linux \\S+ \\Q" + release + ".\\E\\S+ .* " + machine + " GNU/Linux")
                .containsPattern("processor\\s+: 0")
                .contains("64+0 records in", "64+0 records out", MD5_OF_ZEROS, SUM_OF_SQUARES);
        for (String mode : MODES) {
            if (!mode.equals("bare"))
                assertThat(said(boot(guest, mode, SCRIPT))).as(mode).isEqualTo(bare);
        }
        if (!paravirtual) return;
        assertThat(withoutFeatures(said(boot(guest, "para", SCRIPT))))
                .as("para")
                .isEqualTo(withoutFeatures(bare));
        Config statistics = ConfigFactory.parseFile(statistics(guest, "para").toFile());
        assertThat(EMULATED_BY_XEN)
                .containsAll(statistics.getObject("exitDetails.privileged-trap").keySet())
                .containsAll(statistics.getObject("exitDetails.port-io").keySet());
        assertThat(statistics.getObject("slipped")).isEmpty();
        assertThat(statistics.getObject("exits").keySet()).doesNotContain("callout", "interpreted");
    }

    @ParameterizedTest
    @CsvSource({"debian-12-amd64", "debian-12-i386"})
    void debianDrivesAVirtioDisk(String guest) throws IOException, InterruptedException {
        assertThat(Main.commandLine().execute("guest", "fetch", guest)).isZero();
        byte[] content = new byte[1 << 20];
        Path disk = Files.write(directory.resolve("disk"), content);
        content[512] = 'x';

        String said = boot(guest, "bare", """
                cat /sys/block/vda/size; printf x | dd of=/dev/vda bs=1 seek=512 conv=fsync 2>&-; poweroff -f
                """, "--disk", disk.toString());

        assertThat(said).contains("\n2048\r\n");
        assertThat(disk).hasBinaryContent(content);
    }

    @ParameterizedTest
    @CsvSource({"debian-12-amd64, bare, 2", "debian-12-amd64, translate, 3", "debian-12-i386, hardware, 2"})
    void debianWorksOnSeveralProcessors(String guest, String mode, int processors)
            throws IOException, InterruptedException {
        assertThat(Main.commandLine().execute("guest", "fetch", guest)).isZero();

        String said = boot(guest, mode, WORK_FOR_MANY, "--cpus", String.valueOf(processors));

        assertThat(said).contains("\n" + processors + " processors\r\n").doesNotContain("BUG", "WARNING", "Oops");
        assertThat(Pattern.compile("\n" + MD5_OF_MEBIBYTES + "  -\r")
                        .matcher(said)
                        .results())
                .hasSize(6);
        for (int n = 0; n < processors; n++) assertThat(said).contains("cpu" + n + " worked");
    }

    @Test
    void theBuiltInGuestRunsTheSameLoadsWithTheSameOutput() throws IOException, InterruptedException {
        String bare = loads("bare");
        assertThat(bare).contains("syscalls", "switches", "pagefaults", "sieve", "rewrite");
        for (String mode : MODES) assertThat(loads(mode)).as(mode).isEqualTo(bare);
        assertThat(workOf(loads("para"))).as("para").isEqualTo(workOf(bare));
    }

    private static String withoutFeatures(String said) {
        return FEATURES.matcher(said).replaceAll("");
    }

    private Path statistics(String guest, String mode) {
        return directory.resolve(guest + "-" + mode + ".json");
    }

    private String loads(String mode) throws IOException, InterruptedException {
        return TICKS.matcher(boot("builtin", mode, LOADS)).replaceAll("");
    }

    /** What the loads did, without the times of a kernel that has more to do, or less. */
    private static String workOf(String loads) {
        return FREE.matcher(NANOS.matcher(loads).replaceAll("")).replaceAll("");
    }

    private static String said(String console) {
        Matcher said = SAID.matcher(console);
        assertThat(said.find()).as(console).isTrue();
        return DURATION.matcher(said.group(1)).replaceAll("");
    }

    private String boot(String guest, String mode, String commands, String... options)
            throws IOException, InterruptedException {
        Path typed = Files.writeString(directory.resolve("typed"), commands);
        Path console = directory.resolve(guest + "-" + mode);
        List<String> command = new ArrayList<>(List.of(
                Path.of("target", "simvisor", "bin", "simvisor")
                        .toAbsolutePath()
                        .toString(),
                "boot",
                "--guest",
                guest,
                "--mode",
                mode,
                "--stats",
                statistics(guest, mode).toString(),
                "--max-time",
                "60s"));
        command.addAll(List.of(options));
        Process simvisor = new ProcessBuilder(command)
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
