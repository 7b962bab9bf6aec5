package dev.simvisor.controller.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.config.Bandwidth;
import dev.simvisor.config.MigrationSettings;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.proto.api.MigrationParameters;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MigrationParametersTest {
    private static MigrationParameters parameters(Optional<Bandwidth> bandwidth, VirtualDuration downtimeLimit) {
        return Specs.migration(new MigrationSettings(
                MigrationSettings.Algorithm.PRE_COPY,
                bandwidth,
                downtimeLimit,
                30,
                false,
                Optional.empty(),
                MigrationSettings.Compression.NONE,
                1));
    }

    @Test
    void leastFiguresAskedForAreNotTakenForDefaults() {
        MigrationParameters least = parameters(Optional.of(new Bandwidth(1)), VirtualDuration.ZERO);
        assertThat(least.getBandwidthBytesPerSecond()).isEqualTo(1);
        assertThat(least.getDowntimeLimitNanos()).isEqualTo(1);
    }

    @Test
    void noBandwidthAskedForLeavesItToTheLink() {
        assertThat(parameters(Optional.empty(), new VirtualDuration(5)).getBandwidthBytesPerSecond())
                .isZero();
    }
}
