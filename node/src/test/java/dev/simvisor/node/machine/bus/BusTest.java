package dev.simvisor.node.machine.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BusTest {
    private final Bus bus = new Bus("ports");
    private final Bytes device = new Bytes();

    @Test
    void unclaimedReadsFloatToAllOnes() {
        assertThat(bus.read(0x10, 1)).isEqualTo(0xFF);
        assertThat(bus.read(0x10, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bus.read(0x10, 8)).isEqualTo(-1L);
    }

    @Test
    void aDeviceSeesOffsetsIntoItsOwnRegisters() {
        bus.attach("device", 0x100, 4, device);
        bus.write(0x102, 1, 0xAB);
        assertThat(device.bytes[2]).isEqualTo(0xAB);
        assertThat(bus.read(0x102, 1)).isEqualTo(0xAB);
    }

    @Test
    void wideAccessesReachAByteDeviceInAscendingOrder() {
        bus.attach("device", 0x100, 4, device);
        bus.write(0x100, 4, 0x44332211L);
        assertThat(device.bytes).containsExactly(0x11, 0x22, 0x33, 0x44);
        assertThat(bus.read(0x101, 2)).isEqualTo(0x3322);
    }

    @Test
    void anAccessThatLeavesADeviceGetsOnesBeyondIt() {
        bus.attach("device", 0x100, 4, device);
        bus.write(0x102, 4, 0x04030201L);
        assertThat(device.bytes).containsExactly(0, 0, 1, 2);
        assertThat(bus.read(0x102, 4)).isEqualTo(0xFFFF_0201L);
    }

    @Test
    void twoDevicesAtOnePlaceAreAnError() {
        bus.attach("first", 0x100, 4, device);
        assertThatThrownBy(() -> bus.attach("second", 0x103, 1, device))
                .hasMessage("ports: second at 0x103..0x103 overlaps first");
    }

    @Test
    void aDetachedDeviceDoesNotAnswer() {
        bus.attach("device", 0x100, 4, device);
        bus.detach(0x100);
        assertThat(bus.read(0x100, 1)).isEqualTo(0xFF);
        assertThat(bus.isFree(0x100, 4)).isTrue();
    }

    private static final class Bytes implements ByteRegisters {
        final int[] bytes = new int[4];

        @Override
        public int read(int offset) {
            return bytes[offset];
        }

        @Override
        public void write(int offset, int value) {
            bytes[offset] = value;
        }
    }
}
