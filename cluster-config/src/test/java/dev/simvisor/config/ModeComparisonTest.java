package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModeComparisonTest {
    private static final Path SHIPPED = Path.of("experiments", "mode-costs.conf");

    @TempDir
    private Path directory;

    @Test
    void theShippedOneComparesAllModesThatThereAre() {
        ModeComparison comparison = ModeComparison.load(SHIPPED).orElseThrow();
        assertThat(comparison.modes())
                .containsExactly(
                        VirtualizationMode.BARE,
                        VirtualizationMode.TRAP,
                        VirtualizationMode.TRANSLATE,
                        VirtualizationMode.PARA,
                        VirtualizationMode.HARDWARE);
        assertThat(comparison.published().orElseThrow().rows().getFirst().figures())
                .containsEntry(VirtualizationMode.BARE, BigDecimal.valueOf(242));
    }

    @Test
    void figuresInMicrosecondsAreCyclesByTheClockOfTheirCostModel() {
        ModeComparison comparison =
                ModeComparison.load(Path.of("experiments", "lmbench-2003.conf")).orElseThrow();
        ModeComparison.Published published = comparison.published().orElseThrow();
        assertThat(published.rows().getFirst().title()).isEqualTo("null call");
        assertThat(published.rows().getFirst().figures())
                .containsEntry(VirtualizationMode.PARA, new BigDecimal("0.46"));
        assertThat(comparison.cyclesPer(published.unit(), published.costModel()))
                .isEqualTo(2400);
    }

    @Test
    void aScenarioIsNone() {
        assertThat(ModeComparison.load(Path.of("experiments", "migrate-under-load.conf")))
                .isEmpty();
    }

    @Test
    void whatIsWrongIsNamed() throws IOException {
        refuses("adams-agesen-2006, present-day", "fastest", "cost-models: names \"fastest\"; expected some of");
        refuses("name = syscall", "name = \"?\"", "benchmarks[0].name: is \"?\"");
        refuses("benchmark = in,", "benchmark = inn,", "rows[1].benchmark: is \"inn\"; expected one of syscall, in");
        refuses("operations = 64", "operations = 1", "operations: is \"1\"; expected a whole number from 32");
    }

    private void refuses(String text, String instead, String message) throws IOException {
        Path file = directory.resolve("changed.conf");
        Files.writeString(file, Files.readString(SHIPPED).replace(text, instead));
        assertThatThrownBy(() -> ModeComparison.load(file))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(message);
    }
}
