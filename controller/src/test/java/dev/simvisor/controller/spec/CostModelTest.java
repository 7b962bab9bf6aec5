package dev.simvisor.controller.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.config.CostModel;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.proto.api.CostModelSpec;
import dev.simvisor.proto.api.EventCost;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The way of a cost model from its file to the host that charges by it. */
class CostModelTest {
    @Test
    void theKindsOfExitAreThoseThatANodeCounts() {
        assertThat(Arrays.stream(CostModel.Exit.values()).map(CostModel.Exit::written))
                .containsExactlyElementsOf(
                        Arrays.stream(ExitKind.values()).map(ExitKind::written).toList());
    }

    @Test
    void aHostChargesWhatItsModelSays() {
        HostCosts costs = HostCosts.of(Specs.costModel(CostModel.load("adams-agesen-2006")));
        assertThat(costs.cyclesPerThousandInstructions()).isEqualTo(1590);
        assertThat(costs.processor()).isEqualTo(new ProcessorCosts(3209, 119, 889, 28, 28, 64));
        assertThat(costs.exits("translate").cycles(ExitKind.PORT_IO)).isEqualTo(209);
        assertThat(costs.exits("hardware").cycles(ExitKind.PORT_IO)).isEqualTo(15_826);
        assertThat(costs.exits("hardware").cycles(ExitKind.CALLOUT)).isZero();
        assertThat(costs.exits("bare").cycles(ExitKind.PORT_IO)).isZero();
    }

    @Test
    void aHostWithoutAModelChargesNothing() {
        assertThat(HostCosts.of(CostModelSpec.getDefaultInstance())).isSameAs(HostCosts.NONE);
    }

    @Test
    void whatAVersionDoesNotKnowIsRefused() {
        CostModelSpec spec = CostModelSpec.newBuilder()
                .setCyclesPerThousandInstructions(1000)
                .addEvents(EventCost.newBuilder().setEvent("page-flip").setCycles(1))
                .build();
        assertThatThrownBy(() -> HostCosts.of(spec))
                .hasMessageStartingWith("unknown event 'page-flip' in a cost model");
        assertThatThrownBy(() -> HostCosts.of(
                        spec.toBuilder().setCyclesPerThousandInstructions(0).build()))
                .hasMessageStartingWith("a cost model with 0 cycles per thousand instructions");
    }
}
