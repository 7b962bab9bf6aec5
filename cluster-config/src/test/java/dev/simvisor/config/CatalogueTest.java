package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The host types, VM types and cost models that come with Simvisor. */
class CatalogueTest {
    @Test
    void hostTypesHaveAClockAModeAndACostModel() {
        assertThat(HostType.load()).containsOnlyKeys("lab", "server");
        assertThat(HostType.load().get("lab"))
                .returns(2, HostType::pcpus)
                .returns(MemorySize.parse("1G"), HostType::memory)
                .returns(100_000_000L, type -> type.clock().hertz())
                .returns(new Link(Bandwidth.parse("1Gbit/s"), VirtualDuration.parse("100us")), HostType::nic)
                .returns("present-day", type -> type.costModel().name())
                .satisfies(type -> assertThat(type.modes()).containsExactly(VirtualizationMode.BARE));
    }

    @Test
    void vmTypesTakeWhatTheyLeaveOutFromTheirGuest() {
        assertThat(VmType.load()).containsOnlyKeys("builtin", "debian-12-amd64", "debian-12-i386");
        assertThat(VmType.load().get("debian-12-i386"))
                .returns(MemorySize.parse("256M"), VmType::memory)
                .returns("console=ttyS0", VmType::commandLine)
                .returns(1, VmType::vcpus)
                .returns(256, VmType::weight)
                .returns("debian-12-i386", type -> type.guest().name());
    }

    @Test
    void everyFigureOfTheCostModelHasASource() {
        CostModel model = CostModel.load("present-day");
        assertThat(model.cyclesPerThousandInstructions()).isEqualTo(770);
        assertThat(model.eventCycles().get(CostModel.Event.PORT_IO))
                .returns(3000L, figure -> figure.value().longValueExact());
        assertThat(model.eventCycles().values())
                .allSatisfy(figure -> assertThat(figure.source()).isNotBlank());
        assertThat(model.cyclesPerInstruction().source()).isNotBlank();
    }

    @Test
    void costModelThatIsNotThereIsRefused() {
        for (String name : new String[] {"none", "../catalogue/guests", ""}) {
            assertThatThrownBy(() -> CostModel.load(name)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
