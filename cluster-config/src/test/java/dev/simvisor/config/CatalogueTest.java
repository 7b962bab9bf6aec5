package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The host types, VM types and cost models that come with Simvisor. */
class CatalogueTest {
    @Test
    void hostTypesHaveAClockAModeAndACostModel() {
        assertThat(HostType.load())
                .containsOnlyKeys("lab", "lab-classic", "lab-ml110-g4", "lab-ml110-g5", "pentium-4", "server");
        assertThat(HostType.load().get("lab"))
                .returns(2, HostType::pcpus)
                .returns(MemorySize.parse("1G"), HostType::memory)
                .returns(100_000_000L, type -> type.clock().hertz())
                .returns(new Link(Bandwidth.parse("1Gbit/s"), VirtualDuration.parse("100us")), HostType::nic)
                .returns(Optional.empty(), HostType::costModel)
                .satisfies(type -> assertThat(type.modes()).contains(VirtualizationMode.HARDWARE));
        assertThat(HostType.load().get("lab-classic"))
                .returns(Optional.of("pentium-4"), HostType::cpuModel)
                .satisfies(type -> assertThat(type.modes()).doesNotContain(VirtualizationMode.HARDWARE));
        assertThat(HostType.load().get("pentium-4").costModel().map(CostModel::name))
                .contains("adams-agesen-2006");
    }

    @Test
    void powerOfAHostIsWhatSomebodyHasPublished() {
        assertThat(HostType.load().get("lab").power()).isEmpty();
        assertThat(HostType.load().get("lab-ml110-g5").power()).hasValueSatisfying(power -> {
            assertThat(power.byUtilization())
                    .hasSize(11)
                    .startsWith(Power.parse("93.7W"))
                    .endsWith(Power.parse("135W"));
        });
        assertThat(HostType.load().values())
                .flatExtracting(type -> type.power().stream().toList())
                .allSatisfy(power -> assertThat(power.source()).isNotBlank());
    }

    @Test
    void vmTypesTakeWhatTheyLeaveOutFromTheirGuest() {
        assertThat(VmType.load()).containsOnlyKeys("builtin", "debian-12-amd64", "debian-12-i386", "debian-13-amd64");
        assertThat(VmType.load().get("debian-12-i386"))
                .returns(MemorySize.parse("256M"), VmType::memory)
                .returns("console=ttyS0", VmType::commandLine)
                .returns(1, VmType::vcpus)
                .returns(256, VmType::weight)
                .returns(OnReboot.RESTART, VmType::onReboot)
                .returns("debian-12-i386", type -> type.guest().name());
    }

    @Test
    void everyFigureOfACostModelHasASource() {
        assertThat(CostModel.load("present-day").cyclesPerThousandInstructions())
                .isEqualTo(770);
        assertThat(CostModel.load("adams-agesen-2006").eventCycles().get(CostModel.Event.PORT_IO))
                .returns(3209L, figure -> figure.value().longValueExact());
        for (String name : CostModel.names()) {
            CostModel model = CostModel.load(name);
            List<CostModel.Figure> figures = new ArrayList<>(List.of(model.cyclesPerInstruction(), model.tlbEntries()));
            figures.addAll(model.eventCycles().values());
            model.exitCycles().values().forEach(exits -> figures.addAll(exits.values()));
            assertThat(figures)
                    .hasSizeGreaterThan(20)
                    .allSatisfy(figure -> assertThat(figure.source()).isNotBlank());
            assertThat(model.exitCycles())
                    .containsOnlyKeys(
                            VirtualizationMode.TRAP,
                            VirtualizationMode.TRANSLATE,
                            VirtualizationMode.PARA,
                            VirtualizationMode.HARDWARE);
        }
    }

    @Test
    void costModelThatIsNotThereIsRefused() {
        for (String name : new String[] {"none", "../catalogue/guests", ""}) {
            assertThatThrownBy(() -> CostModel.load(name)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
