package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
    @ParameterizedTest
    @CsvSource({
        "0B,0",
        "4K,4096",
        "256M,268435456",
        "256MiB,268435456",
        "1.5G,1610612736",
        "2TiB,2199023255552",
        "0.001953125T,2147483648"
    })
    void sizesAreBinary(String text, long bytes) {
        assertThat(MemorySize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"1Gbit/s,1000000000", "125MiB/s,1048576000", "1.5kbit/s,1500", "1B/s,8"})
    void bitsAreDecimalAndBytesBinary(String text, long bitsPerSecond) {
        assertThat(Bandwidth.parse(text).bitsPerSecond()).isEqualTo(bitsPerSecond);
    }

    @ParameterizedTest
    @CsvSource({"30s,30000000000", "0.5ms,500000", "50us,50000", "1ns,1", "2min,120000000000", "1h,3600000000000"})
    void durationsAreWholeNanoseconds(String text, long nanos) {
        assertThat(VirtualDuration.parse(text).nanos()).isEqualTo(nanos);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "256", "M", "256 M", "-1M", "256m", "1e3K", "0.3B", "99999999T", "256MB", "٣M"})
    void whatIsNoExactSizeIsRefused(String text) {
        assertThatThrownBy(() -> MemorySize.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected a size such as 4K, 256M or 1.5G, not \"" + text + "\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0Gbit/s", "1Gb/s", "1Gbit", "1000", "1MB/s"})
    void whatIsNoBandwidthAboveZeroIsRefused(String text) {
        assertThatThrownBy(() -> Bandwidth.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"30", "30sec", "0.1ns", "1 s", "-1s", "10000000h"})
    void whatIsNoDurationIsRefused(String text) {
        assertThatThrownBy(() -> VirtualDuration.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void sizesAreShownInTheLargestUnitThatIsExact() {
        assertThat(MemorySize.parse("1024M")).hasToString("1G");
        assertThat(MemorySize.parse("1.5G")).hasToString("1536M");
        assertThat(new MemorySize(4097)).hasToString("4097B");
        assertThat(new MemorySize(0)).hasToString("0B");
    }

    @Test
    void durationsAreShownExactly() {
        assertThat(VirtualDuration.ZERO).hasToString("0s");
        assertThat(VirtualDuration.parse("2min")).hasToString("120s");
        assertThat(VirtualDuration.parse("1.5s")).hasToString("1500ms");
        assertThat(VirtualDuration.parse("0.05ms")).hasToString("50us");
        assertThat(VirtualDuration.parse("1001ns")).hasToString("1001ns");
    }
}
