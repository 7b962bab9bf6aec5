package dev.simvisor.node.host;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.proto.api.NetworkCard;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.CreateVm;
import dev.simvisor.proto.node.EthernetFrame;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.VmAction;
import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A host of a gigabit and a millisecond, with toys of the addresses 1 and 2. */
class EthernetPortTest {
    private static final long MILLI = 1_000_000;
    private static final String ONE = "00:00:00:00:00:01";
    private static final String TWO = "00:00:00:00:00:02";
    private static final String AWAY = "00:00:00:00:00:09";
    private static final String ALL = "ff:ff:ff:ff:ff:ff";

    /** Of a frame of 60 bytes on the link. */
    private static final long WIRE_NANOS = 84 * 8;

    private final HostSimulation host = ToyHosts.host("h", 2, 0, machine -> {});
    private final Map<String, StringBuilder> said = new TreeMap<>();
    private final List<EthernetFrame> left = new ArrayList<>();
    private long now;

    private static HostCommand create(String name, NetworkCard card, String to, long everyCycles) {
        VmSpec spec = VmSpec.newBuilder()
                .setName(name)
                .setMemoryBytes(1 << 20)
                .setNetwork(card)
                .putLabels("line-every", "1000000000")
                .putLabels("frame-to", to)
                .putLabels("frame-every", Long.toString(everyCycles))
                .build();
        return HostCommand.newBuilder()
                .setNumber(1)
                .setCreate(CreateVm.newBuilder().setSpec(spec).setEpoch(1))
                .build();
    }

    private static NetworkCard card(String address) {
        return NetworkCard.newBuilder().setAddress(address).build();
    }

    private void run(long until, long windowNanos, RunWindow.Builder first) throws InterruptedException {
        RunWindow.Builder window = first;
        for (; now < until; now += windowNanos) {
            WindowDone done = ToyHosts.answer(
                    host,
                    window.setHost("h")
                            .setFromNanos(now)
                            .setUntilNanos(Math.min(until, now + windowNanos))
                            .build());
            left.addAll(done.getFramesList());
            done.getConsolesList()
                    .forEach(piece -> said.computeIfAbsent(piece.getVm(), name -> new StringBuilder())
                            .append(piece.getBytes().toStringUtf8()));
            window = RunWindow.newBuilder();
        }
        now = until;
    }

    private List<String> frames(String vm) {
        return said.getOrDefault(vm, new StringBuilder())
                .toString()
                .lines()
                .filter(line -> line.startsWith("frame "))
                .toList();
    }

    @Test
    void frameToAVmOfTheSameHostTurnsBackAtTheSwitch() throws Exception {
        run(
                8 * MILLI,
                MILLI,
                RunWindow.newBuilder()
                        .addCommands(create("one", card(ONE), TWO, 3 * MILLI))
                        .addCommands(create("two", card(TWO), ONE, 100 * MILLI)));
        assertThat(frames("two"))
                .containsExactly(
                        "frame 0 from " + ONE + " at " + (MILLI + 2 * WIRE_NANOS),
                        "frame 1 from " + ONE + " at " + (4 * MILLI + 2 * WIRE_NANOS),
                        "frame 2 from " + ONE + " at " + (7 * MILLI + 2 * WIRE_NANOS));
        assertThat(left).isEmpty();
    }

    @Test
    void frameToNobodyHereLeavesAndOneToAllDoesBoth() throws Exception {
        run(
                3 * MILLI,
                MILLI,
                RunWindow.newBuilder()
                        .addCommands(create("one", card(ONE), AWAY, 100 * MILLI))
                        .addCommands(create("two", card(TWO), ALL, 100 * MILLI)));
        assertThat(frames("one")).hasSize(1);
        assertThat(frames("two")).isEmpty();
        // Both were sent at once: the second waits for the first, in the order of the VMs' names.
        assertThat(left).extracting(EthernetFrame::getSentNanos).containsExactly(0L, 0L);
        assertThat(left).extracting(EthernetFrame::getLeftNanos).containsExactly(WIRE_NANOS, 2 * WIRE_NANOS);
        assertThat(left).extracting(EthernetFrame::getNumber).containsExactly(1L, 2L);
        assertThat(left).extracting(EthernetFrame::getFrom).containsOnly("h");
    }

    @Test
    void windowsMayEndAnywhere() throws Exception {
        List<Object> expected = List.of();
        for (long window : new long[] {MILLI, MILLI / 3, 70_001}) {
            try (EthernetPortTestRun other = new EthernetPortTestRun()) {
                other.test.run(
                        10 * MILLI,
                        window,
                        RunWindow.newBuilder()
                                .addCommands(create("one", card(ONE), TWO, 7_000))
                                .addCommands(create("two", card(TWO), ALL, 11_000)));
                List<Object> outcome = List.of(other.test.frames("one"), other.test.frames("two"), other.test.left);
                if (expected.isEmpty()) expected = outcome;
                assertThat(outcome).isEqualTo(expected);
            }
        }
    }

    /** A host of its own. */
    private static final class EthernetPortTestRun implements AutoCloseable {
        final EthernetPortTest test = new EthernetPortTest();

        @Override
        public void close() {
            test.host.close();
        }
    }

    private static EthernetFrame from(String other, long number, String to, long arrivalNanos) {
        byte[] bytes = new byte[60];
        MacAddress.parse(to).put(bytes, 0);
        return EthernetFrame.newBuilder()
                .setFrom(other)
                .setNumber(number)
                .setArrivalNanos(arrivalNanos)
                .setBytes(ByteString.copyFrom(bytes))
                .build();
    }

    @Test
    void framesFromElsewhereShareTheWayDownAndPausedVmsGetNone() throws Exception {
        run(
                MILLI,
                MILLI,
                RunWindow.newBuilder()
                        .addCommands(create("one", card(ONE), AWAY, 100 * MILLI))
                        .addFrames(from("x", 1, ONE, 500_000))
                        .addFrames(from("w", 1, ONE, 500_000))
                        .addFrames(from("w", 2, AWAY, 500_000)));
        assertThat(frames("one"))
                .extracting(line -> line.substring(line.indexOf(" at ")))
                .containsExactly(" at " + (500_000 + WIRE_NANOS), " at " + (500_000 + 3 * WIRE_NANOS));
        HostCommand pause = HostCommand.newBuilder()
                .setNumber(2)
                .setPause(VmAction.newBuilder().setVm("one"))
                .build();
        run(2 * MILLI, MILLI, RunWindow.newBuilder().addCommands(pause).addFrames(from("w", 3, ONE, 1_500_000)));
        assertThat(frames("one")).hasSize(2);
    }

    @Test
    void cardThatIsNotPluggedInNeitherSendsNorReceives() throws Exception {
        run(
                5 * MILLI,
                MILLI,
                RunWindow.newBuilder()
                        .addCommands(create("one", card(ONE), ALL, MILLI))
                        .addCommands(create(
                                "twin", card(ONE).toBuilder().setLinkDown(true).build(), ALL, MILLI)));
        assertThat(frames("one")).isEmpty();
        assertThat(frames("twin")).isEmpty();
        assertThat(left).hasSize(5);
    }
}
