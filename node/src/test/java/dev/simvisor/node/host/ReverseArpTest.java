package dev.simvisor.node.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.network.MacAddress;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ReverseArpTest {
    @Test
    void announcementIsARequestOfTheCardForItsOwnAddressToAll() {
        byte[] frame = ReverseArp.announcing(MacAddress.parse("52:54:00:00:00:07"));
        assertThat(HexFormat.of().formatHex(frame, 0, 42))
                .isEqualTo("ffffffffffff" + "525400000007" + "8035" // to all
                        + "0001" + "0800" + "06" + "04" + "0003" // Ethernet, Internet, request reverse
                        + "525400000007" + "00000000" + "525400000007" + "00000000");
        assertThat(frame).hasSize(60);
    }
}
