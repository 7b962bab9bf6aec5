package dev.simvisor.controller.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.VmSpec;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FitPlacementTest {
    private static final VmSpec VM = VmSpec.newBuilder().setName("vm").build();
    private static final List<Host> HOSTS =
            List.of(host("h1", 8, 4), host("h2", 4, 2), host("h3", 8, 6), host("h4", 8, 0), host("h5", 8, 0));

    @ParameterizedTest
    @CsvSource({"first-fit, h1", "best-fit, h2", "worst-fit, h4"})
    void eachStrategyChoosesByFreeMemoryAndTakesTheFirstOfEquals(String label, String expected) {
        FitPlacement placement = FitPlacement.labelled(label).orElseThrow();

        assertThat(placement.choose(VM, HOSTS)).contains(expected);
    }

    @ParameterizedTest
    @EnumSource
    void noCandidateIsNoChoice(FitPlacement placement) {
        assertThat(placement.choose(VM, List.of())).isEmpty();
    }

    @Test
    void anUnknownLabelIsNoStrategy() {
        assertThat(FitPlacement.labelled("random-fit")).isEmpty();
    }

    private static Host host(String name, long gibibytes, long reserved) {
        return Host.newBuilder()
                .setSpec(HostSpec.newBuilder().setName(name).setMemoryBytes(gibibytes << 30))
                .setMemoryReservedBytes(reserved << 30)
                .build();
    }
}
