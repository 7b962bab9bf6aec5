package dev.simvisor.node.machine.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.machine.bus.Bus;
import dev.simvisor.node.machine.bus.Registers;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PciBusTest {
    private final Bus memory = new Bus("memory");
    private final Map<Integer, Boolean> lines = new HashMap<>();
    private final PciBus pci = new PciBus(memory, irq -> asserted -> lines.put(irq, asserted));
    private final Device device = new Device();

    @BeforeEach
    void plug() {
        pci.plug(3, device);
    }

    private long read(int slot, int register, int size) {
        pci.write(0, 4, 0x8000_0000L | (long) slot << 11 | register & ~3);
        return pci.read(4 + (register & 3), size) & (1L << 8 * size) - 1;
    }

    private void write(int slot, int register, int size, long value) {
        pci.write(0, 4, 0x8000_0000L | (long) slot << 11 | register & ~3);
        pci.write(4 + (register & 3), size, value);
    }

    @Test
    void emptySlotsAndOtherBusesReadAsOnes() {
        assertThat(read(5, 0, 4)).isEqualTo(0xFFFF_FFFFL);
        pci.write(0, 4, 0x8001_0000L | 3 << 11);
        assertThat(pci.read(4, 4)).isEqualTo(-1);
    }

    @Test
    void idsAreReadOnly() {
        write(3, 0, 4, 0);
        assertThat(read(3, 0, 4)).isEqualTo(0x5678_1234L);
        assertThat(read(3, 2, 2)).isEqualTo(0x5678);
    }

    @Test
    void aBaseAddressTellsItsSizeWhenWrittenWithOnes() {
        write(3, 0x10, 4, 0xFFFF_FFFFL);
        assertThat(read(3, 0x10, 4)).isEqualTo(0xFFFF_F000L);
    }

    @Test
    void theRangeFollowsBaseAddressAndMemoryEnable() {
        write(3, 0x10, 4, 0xE000_0000L);
        assertThat(memory.read(0xE000_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        write(3, 4, 2, 2);
        assertThat(memory.read(0xE000_0010L, 4)).isEqualTo(0x10);
        write(3, 0x10, 4, 0xE001_0000L);
        assertThat(memory.read(0xE000_0010L, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(memory.read(0xE001_0010L, 4)).isEqualTo(0x10);
        write(3, 4, 2, 0);
        assertThat(memory.read(0xE001_0010L, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void firmwareAssignsAddressesAndInterrupts() {
        pci.assignResources(0xE000_0000L);
        assertThat(memory.read(0xE000_0010L, 4)).isEqualTo(0x10);
        assertThat(read(3, 0x3C, 1)).isEqualTo(PciBus.interruptOf(3));
    }

    @Test
    void slotsShareInterruptLines() {
        Device other = new Device();
        pci.plug(5, other);
        int irq = PciBus.interruptOf(3);
        assertThat(PciBus.interruptOf(5)).isEqualTo(irq);
        device.interrupt(true);
        other.interrupt(true);
        device.interrupt(false);
        assertThat(lines).containsEntry(irq, true);
        other.interrupt(false);
        assertThat(lines).containsEntry(irq, false);
    }

    @Test
    void theInterruptDisableBitHoldsTheLineDown() {
        device.interrupt(true);
        write(3, 4, 2, 0x400);
        assertThat(lines).containsEntry(PciBus.interruptOf(3), false);
        assertThat(read(3, 6, 2) & 8).isEqualTo(8);
        write(3, 4, 2, 0);
        assertThat(lines).containsEntry(PciBus.interruptOf(3), true);
    }

    @Test
    void aSlotHoldsOneFunction() {
        assertThatThrownBy(() -> pci.plug(3, new Device())).hasMessage("PCI slot 3 already holds device");
    }

    @Test
    void stateBringsTheRangeBack() {
        pci.assignResources(0xE000_0000L);
        Bus otherMemory = new Bus("memory");
        PciBus other = new PciBus(otherMemory, irq -> asserted -> {});
        other.plug(3, new Device());
        other.restore(pci.save());
        assertThat(other.save()).isEqualTo(pci.save());
        assertThat(otherMemory.read(0xE000_0010L, 4)).isEqualTo(0x10);
    }

    /** Its registers read as their offset. */
    private static final class Device extends PciFunction {
        Device() {
            super("device", 0x1234, 0x5678, 0, 0x010000);
            memoryRange(0x1000, new Registers() {
                @Override
                public long read(long offset, int size) {
                    return offset;
                }

                @Override
                public void write(long offset, int size, long value) {}
            });
            usesInterrupt();
        }
    }
}
