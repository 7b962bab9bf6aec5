package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code simvisor experiment run} on the comparison of modes that comes with Simvisor. */
class ModeCostIT {
    private static final Path COMPARISON = Path.of("..", "cluster-config", "experiments", "mode-costs.conf");
    private static final String MODEL = "adams-agesen-2006";
    /** A timer interrupt in the midst of a benchmark has exits of its own, in so few operations. */
    private static final Offset<Double> BUT_FOR_A_TICK = within(0.05);

    @TempDir
    private Path directory;

    @Test
    void modesCostWhatTheirExitsCostAndTheSameEveryTime() throws IOException {
        Path first = run("first");
        Config costs = ConfigFactory.parseFile(first.resolve("mode-costs.json").toFile())
                .getConfig(MODEL);

        assertThat(costs.getDouble("translate.syscall.cycles")).isGreaterThan(costs.getDouble("bare.syscall.cycles"));
        assertThat(costs.getDouble("hardware.syscall.cycles")).isEqualTo(costs.getDouble("bare.syscall.cycles"));
        assertThat(costs.getDouble("hardware.in.exits.port-io")).isCloseTo(1, BUT_FOR_A_TICK);
        assertThat(costs.getDouble("translate.in.exits.port-io")).isCloseTo(1, BUT_FOR_A_TICK);
        assertThat(costs.getDouble("translate.in.cycles")).isLessThan(costs.getDouble("bare.in.cycles"));
        assertThat(costs.getDouble("bare.in.cycles")).isLessThan(costs.getDouble("hardware.in.cycles"));
        assertThat(costs.getDouble("hardware.tlbmiss.cycles")).isGreaterThan(costs.getDouble("bare.tlbmiss.cycles"));
        assertThat(costs.getConfig("bare.compute.exits").isEmpty()).isTrue();
        assertThat(costs.hasPath("para.cr8wr"))
                .as("a paravirtual guest has no CR8")
                .isFalse();
        assertThat(costs.getDouble("para.syscall.exits.system-call")).isCloseTo(1, BUT_FOR_A_TICK);
        assertThat(costs.getDouble("para.in.exits.port-io")).isCloseTo(1, BUT_FOR_A_TICK);
        assertThat(costs.getDouble("para.ptemod.exits.page-table-update")).isCloseTo(1, BUT_FOR_A_TICK);
        assertThat(costs.getDouble("para.syscall.cycles")).isGreaterThan(costs.getDouble("bare.syscall.cycles"));
        assertThat(first.resolve("mode-costs.txt")).content().contains("In mode trap the guest went wrong", "iretq");
        for (String mode : new String[] {"translate", "para", "hardware"}) {
            assertThat(costs.getDouble(mode + ".compute.cycles")).isEqualTo(costs.getDouble("bare.compute.cycles"));
        }
        assertThat(ImageIO.read(new ByteArrayInputStream(Files.readAllBytes(first.resolve(MODEL + ".png")))))
                .isNotNull();
        Path again = run("again");
        for (String file : new String[] {"mode-costs.json", "mode-costs.txt", MODEL + ".png"}) {
            assertThat(again.resolve(file)).hasSameBinaryContentAs(first.resolve(file));
        }
    }

    private Path run(String name) {
        Path out = directory.resolve(name);
        Invocation invocation = Invocation.of("experiment", "run", COMPARISON.toString(), "--out", out.toString());
        assertThat(invocation.status()).as(invocation.errors()).isZero();
        return out;
    }
}
