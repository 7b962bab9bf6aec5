package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.node.EthernetFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class EthernetFabricTest {
    private static final int ALL = 0xFF;

    private final SortedMap<String, HostEntry> hosts = new TreeMap<>();
    private final EthernetFabric fabric = new EthernetFabric();
    private final List<String> arrived = new ArrayList<>();

    EthernetFabricTest() {
        add("h1", 1000);
        add("h2", 3000);
        add("h3", 2000);
    }

    private void add(String name, long latencyNanos) {
        HostEntry host = new HostEntry(HostSpec.newBuilder()
                .setName(name)
                .setLink(LinkSpec.newBuilder().setLatencyNanos(latencyNanos).setBitsPerSecond(1_000_000_000))
                .build());
        host.state = HostState.HOST_UP;
        hosts.put(name, host);
    }

    private static EthernetFrame frame(String from, long nanos, int source, int destination) {
        byte[] bytes = new byte[60];
        bytes[0] = (byte) (destination == ALL ? 1 : 0);
        bytes[5] = (byte) destination;
        bytes[11] = (byte) source;
        return EthernetFrame.newBuilder()
                .setFrom(from)
                .setSentNanos(nanos)
                .setLeftNanos(nanos + 500)
                .setBytes(ByteString.copyFrom(bytes))
                .build();
    }

    private List<String> forward(EthernetFrame... frames) {
        fabric.sent(List.of(frames));
        arrived.clear();
        fabric.forward(hosts, (host, frame) -> arrived.add(host + " at " + frame.getArrivalNanos()));
        return arrived;
    }

    @Test
    void whatIsForAllOrForNobodyKnownGoesToAllOtherHostsByTheirPaths() {
        assertThat(forward(frame("h1", 100, 1, ALL))).containsExactly("h2 at 3600", "h3 at 2600");
        assertThat(forward(frame("h1", 200, 1, 9))).containsExactly("h2 at 3700", "h3 at 2700");
    }

    @Test
    void whoeverHasSentIsKnown() {
        forward(frame("h3", 100, 3, ALL));
        assertThat(forward(frame("h1", 200, 1, 3))).containsExactly("h3 at 2700");
        assertThat(forward(frame("h3", 300, 3, 1))).containsExactly("h1 at 2800");
    }

    @Test
    void orderIsThatOfSendingWhicheverHostIsHeardFirst() {
        assertThat(forward(frame("h3", 300, 3, 1), frame("h1", 200, 1, 3)))
                .containsExactly("h2 at 3700", "h3 at 2700", "h1 at 2800");
    }

    @Test
    void cardThatMovesIsKnownAtItsNewPlace() {
        forward(frame("h2", 100, 7, ALL));
        forward(frame("h3", 200, 7, ALL));
        assertThat(forward(frame("h1", 300, 1, 7))).containsExactly("h3 at 2800");
        assertThat(forward(frame("h3", 400, 1, 7))).isEmpty();
    }

    @Test
    void deadHostsGetNothingAndAreForgotten() {
        forward(frame("h2", 100, 7, ALL));
        hosts.get("h2").state = HostState.HOST_FAILED;
        assertThat(forward(frame("h1", 200, 1, 7))).isEmpty();
        fabric.forget("h2");
        assertThat(forward(frame("h1", 300, 1, 7))).containsExactly("h3 at 2800");
    }

    @Test
    void whatIsNotHeardOfForLongIsForgotten() {
        forward(frame("h2", 100, 7, ALL));
        assertThat(forward(frame("h1", 99 + EthernetFabric.AGING_NANOS, 1, 7))).hasSize(1);
        assertThat(forward(frame("h1", 100 + EthernetFabric.AGING_NANOS, 1, 7))).hasSize(2);
    }

    @Test
    void framesOfOneWindowAreNoMoreThanAMessageHolds() {
        FramesUnderWay underWay = new FramesUnderWay();
        int first = 1_000_000_000; // so that all take as many bytes
        int size =
                frame("h1", 0, 1, 2).toBuilder().setArrivalNanos(first).build().getSerializedSize();
        long most = FramesUnderWay.MOST_BYTES / size;
        for (int n = 0; n <= most; n++) {
            assertThat(underWay.fullNanos()).isEqualTo(Long.MAX_VALUE);
            underWay.add(
                    n % 2 == 0 ? "h2" : "h3",
                    frame("h1", 0, 1, 2).toBuilder().setArrivalNanos(first + n).build());
        }
        assertThat(underWay.nextNanos("h3")).isEqualTo(first + 1);
        long full = underWay.fullNanos();
        assertThat(full).isEqualTo(first + most);
        assertThat(underWay.take("h2", full).size() + underWay.take("h3", full).size())
                .isEqualTo((int) (full - first));
        assertThat(underWay.fullNanos()).isEqualTo(Long.MAX_VALUE);
        underWay.remove("h2");
        assertThat(underWay.nextNanos("h2")).isEqualTo(Long.MAX_VALUE);
    }
}
