package dev.simvisor.node.machine.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class HostBridgeTest {
    /** Whether what begins at an address is writable. */
    private final TreeMap<Long, Boolean> writable = new TreeMap<>();

    private final HostBridge bridge = new HostBridge((start, end, allowed) -> {
        for (long page = start; page < end; page += 0x1000) writable.put(page, allowed);
    });

    @Test
    void afterAResetNothingUnderTheRomIsWritable() {
        assertThat(writable).hasSize(64).doesNotContainValue(true);
        assertThat(writable.firstKey()).isEqualTo(0xC_0000);
        assertThat(writable.lastKey()).isEqualTo(0xF_F000);
    }

    @Test
    void eachWriteEnableOpensItsSegment() {
        bridge.writeConfiguration(0x59, 1, 0x20);
        bridge.writeConfiguration(0x5A, 2, 0x0220); // PAM1 and PAM2
        assertThat(writable.get(0xF_0000L)).isTrue();
        assertThat(writable.get(0xF_F000L)).isTrue();
        assertThat(writable.get(0xE_F000L)).isFalse();
        assertThat(writable.get(0xC_0000L)).isFalse();
        assertThat(writable.get(0xC_4000L)).isTrue();
        assertThat(writable.get(0xC_8000L)).isTrue();
        assertThat(writable.get(0xC_C000L)).isFalse();
        bridge.writeConfiguration(0x59, 1, 0x10);
        assertThat(writable.get(0xF_0000L)).isFalse();
    }

    @Test
    void aRestoredBridgeOpensWhatTheSavedOneHadOpen() {
        HostBridge saved = new HostBridge((start, end, allowed) -> {});
        saved.writeConfiguration(0x5F, 1, 0x03);
        bridge.restoreConfiguration(saved.saveConfiguration());
        assertThat(writable.get(0xE_8000L)).isTrue();
        assertThat(writable.get(0xE_C000L)).isFalse();
    }

    @Test
    void withoutFirmwareThereIsNoAttributeMap() {
        HostBridge plain = new HostBridge();
        plain.writeConfiguration(0x59, 4, -1);
        assertThat(plain.readConfiguration(0x59, 4)).isZero();
    }
}
