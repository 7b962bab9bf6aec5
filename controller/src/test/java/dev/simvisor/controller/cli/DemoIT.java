package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code simvisor demo}, run as a user would. */
class DemoIT {
    @Test
    void provesThatNothingIsLost() throws Exception {
        Process demo = new ProcessBuilder(
                        Path.of("target", "simvisor", "bin", "simvisor")
                                .toAbsolutePath()
                                .toString(),
                        "demo")
                .redirectErrorStream(true)
                .start();
        String output = new String(demo.getInputStream().readAllBytes());

        assertThat(demo.waitFor()).as(output).isZero();
        assertThat(output.lines().filter(line -> line.startsWith("yes  "))).hasSize(5);
        assertThat(output).contains("mover     on host-3 | tick ", "host-1 is drained", "its twin's, byte for byte");
    }
}
