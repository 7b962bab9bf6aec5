package dev.simvisor.node.machine.device.firmware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FirmwareConfigurationTest {
    private static final int DIRECTORY = 0x19;

    private final SortedMap<String, byte[]> files =
            new TreeMap<>(Map.of("etc/first", new byte[] {1, 2, 3}, "etc/second", new byte[] {4}));
    private final FirmwareConfiguration configuration =
            new FirmwareConfiguration(Map.of(FirmwareConfiguration.PROCESSORS, new byte[] {5, 0}), files);

    private byte[] read(int key, int length) {
        configuration.write(0, 2, key);
        return readOn(length);
    }

    private byte[] readOn(int length) {
        byte[] bytes = new byte[length];
        for (int n = 0; n < length; n++) bytes[n] = (byte) configuration.read(1, 1);
        return bytes;
    }

    @Test
    void theSignatureAndTheInterfacesAreWhatFirmwareLooksFor() {
        assertThat(new String(read(0, 4), StandardCharsets.US_ASCII)).isEqualTo("QEMU");
        assertThat(read(1, 4)).containsExactly(1, 0, 0, 0);
    }

    @Test
    void itemsAreReadByteByByteAndFollowedByZeros() {
        assertThat(read(FirmwareConfiguration.PROCESSORS, 4)).containsExactly(5, 0, 0, 0);
        assertThat(read(0x7777, 2)).containsExactly(0, 0);
    }

    @Test
    void theDirectorySaysByWhichKeysFilesAreRead() {
        ByteBuffer directory = ByteBuffer.wrap(read(DIRECTORY, 4 + 2 * 64));
        assertThat(directory.getInt(0)).isEqualTo(2);
        assertThat(directory.getInt(4)).isEqualTo(3);
        assertThat(new String(directory.array(), 12, 10, StandardCharsets.US_ASCII))
                .isEqualTo("etc/first\0");
        assertThat(read(directory.getShort(8), 3)).containsExactly(1, 2, 3);
        assertThat(directory.getInt(68)).isEqualTo(1);
        assertThat(read(directory.getShort(72), 1)).containsExactly(4);
    }

    @Test
    void onlyAWordSelectsAndOnlyAByteReads() {
        configuration.write(0, 2, 0);
        configuration.write(1, 1, 1);
        assertThat(configuration.read(0, 2)).isEqualTo(-1);
        assertThat(configuration.read(1, 1)).isEqualTo('Q');
    }

    @Test
    void aReadGoesOnWhereItWasSaved() {
        read(0, 2);
        FirmwareConfiguration restored = new FirmwareConfiguration(Map.of(), files);
        restored.restore(configuration.save());
        assertThat(restored.read(1, 1)).isEqualTo('M');
    }

    @Test
    void aNameLongerThanTheDirectoryHoldsIsRefused() {
        SortedMap<String, byte[]> tooLong = new TreeMap<>(Map.of("x".repeat(56), new byte[0]));
        assertThatThrownBy(() -> new FirmwareConfiguration(Map.of(), tooLong)).hasMessageContaining("at most 55");
    }
}
