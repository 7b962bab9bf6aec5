package dev.simvisor.node.machine.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.bus.Bus;
import org.junit.jupiter.api.Test;

class PowerManagementTest {
    private static final long FUNCTION_3 = 0x8000_0000L | 1 << 11 | 3 << 8;

    private final PciBus pci = new PciBus(
            new Bus("memory"), new IsaBridge(request -> level -> {}, pin -> level -> {}), new PowerManagement(0x600));

    private long read(long address) {
        pci.write(0, 4, address);
        return pci.read(4, 4) & 0xFFFF_FFFFL;
    }

    @Test
    void itIsTheFourthFunctionOfTheIsaBridge() {
        assertThat(read(0x8000_0800L)).isEqualTo(0x7000_8086L);
        assertThat(read(0x8000_080CL) >> 16 & 0x80)
                .as("the slot has several functions")
                .isEqualTo(0x80);
        assertThat(read(FUNCTION_3)).isEqualTo(0x7113_8086L);
        assertThat(read(FUNCTION_3 - 0x100)).as("there is no function 2").isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void itsRegistersStandWhereTheBoardHasThemWhateverIsWritten() {
        assertThat(read(FUNCTION_3 | 0x40)).isEqualTo(0x601);
        assertThat(read(FUNCTION_3 | 0x80) & 1).as("enabled").isEqualTo(1);

        pci.write(0, 4, FUNCTION_3 | 0x40);
        pci.write(4, 4, 0xB001);

        assertThat(read(FUNCTION_3 | 0x40)).isEqualTo(0x601);
    }
}
