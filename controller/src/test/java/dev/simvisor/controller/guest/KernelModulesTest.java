package dev.simvisor.controller.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelModulesTest {
    @TempDir
    Path folder;

    private final KernelModules modules = new KernelModules();

    @Test
    void moduleOfEitherClassSaysWhatItNeedsAndDrives() throws Exception {
        String[] modinfo = {"license=GPL", "depends=virtio-ring,virtio", "alias=virtio:d00000002v*"};
        KernelModule expected =
                new KernelModule("virtio_blk", List.of("virtio_ring", "virtio"), List.of("virtio:d00000002v*"));
        assertThat(KernelModule.read("virtio-blk", ElfModule.wide(modinfo))).isEqualTo(expected);
        assertThat(KernelModule.read("virtio-blk", ElfModule.narrow(modinfo))).isEqualTo(expected);
    }

    @Test
    void everyCutOfAModuleIsRefusedOrRead() throws Exception {
        byte[] whole = ElfModule.wide("depends=");
        for (int length = 0; length < whole.length - 12; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> KernelModule.read("cut", cut))
                    .as("cut to %d bytes", length)
                    .isInstanceOf(GuestException.class);
        }
    }

    @Test
    void closurePutsEachModuleAfterThoseItNeeds() throws Exception {
        add("net", "failover,virtio");
        add("failover", "");
        add("virtio", "ring");
        add("ring", "");
        add("unneeded", "ring");
        assertThat(names(modules.closure(List.of("net", "ring")).keySet()))
                .containsExactly("failover", "ring", "virtio", "net");
    }

    @Test
    void moduleThatIsNotThereIsNamedWithWhoNeedsIt() throws Exception {
        add("net", "failover");
        assertThatThrownBy(() -> modules.closure(List.of("net")))
                .hasMessage("the kernel package has no module failover, which net needs");
        assertThatThrownBy(() -> modules.closure(List.of("sound")))
                .hasMessage("the kernel package has no module sound");
    }

    @Test
    void circleOfModulesIsRefused() throws Exception {
        add("hen", "egg");
        add("egg", "hen");
        assertThatThrownBy(() -> modules.closure(List.of("egg")))
                .hasMessage("kernel modules need each other in a circle: [egg, hen]");
    }

    private void add(String name, String depends) throws IOException {
        modules.add(Files.write(folder.resolve(name + ".ko"), ElfModule.wide("depends=" + depends)));
    }

    private static List<String> names(Set<KernelModule> modules) {
        return modules.stream().map(KernelModule::name).toList();
    }
}
