package dev.simvisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Every Java source of the project is laid out by the one formatter; the build puts its jars in place beforehand. */
class SourceLayoutIT {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @Test
    void everySourceIsFormatted() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process formatter = new ProcessBuilder(
                        java,
                        "@.mvn/format/java.options",
                        "-classpath",
                        "target/format/*",
                        ".mvn/format/Format.java",
                        "check",
                        ".")
                .directory(ROOT.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(formatter.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(formatter.waitFor()).as(output).isZero();
    }
}
