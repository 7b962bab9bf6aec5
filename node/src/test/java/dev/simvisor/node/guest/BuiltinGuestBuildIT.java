package dev.simvisor.node.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The committed images of the built-in guest against a rebuild; skipped without the compiler that they were built with. */
class BuiltinGuestBuildIT {

    private static final Path SOURCES = Path.of("src/main/guest");
    private static final List<String> IMAGES = List.of("builtin.elf", "builtin-xen.elf");

    @Test
    void rebuildGivesTheCommittedBytes(@TempDir Path out) throws IOException, InterruptedException {
        List<String> recorded = Files.readAllLines(SOURCES.resolve("toolchain"));
        assumeTrue(recorded.equals(List.of(versionOf("gcc"), versionOf("ld"))), () -> "needs exactly " + recorded);

        Process build = new ProcessBuilder(SOURCES.resolve("build").toString(), out.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(build.waitFor()).as(output).isZero();
        for (String image : IMAGES) {
            assertThat(Files.readAllBytes(out.resolve(image))).as(image).isEqualTo(committed(image));
        }
    }

    private static byte[] committed(String name) throws IOException {
        try (InputStream image = BuiltinGuestBuildIT.class.getResourceAsStream("/dev/simvisor/node/guest/" + name)) {
            return Objects.requireNonNull(image, name).readAllBytes();
        }
    }

    /** The first line of {@code tool --version}, or an empty one where the tool is missing. */
    private static String versionOf(String tool) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(tool, "--version").start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return output.lines().findFirst().orElse("");
        } catch (IOException missing) {
            return "";
        }
    }
}
