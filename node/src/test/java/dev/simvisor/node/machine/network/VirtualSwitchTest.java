package dev.simvisor.node.machine.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class VirtualSwitchTest {
    private final VirtualSwitch network = new VirtualSwitch();
    private final List<String> received = new ArrayList<>();
    private final NetworkPort one = card("one");
    private final NetworkPort two = card("two");
    private final NetworkPort three = card("three");

    private NetworkPort card(String name) {
        return network.connect(frame -> received.add(name + " gets " + frame[14]));
    }

    private static byte[] frame(int to, int from, int content) {
        byte[] frame = new byte[60];
        frame[5] = (byte) to;
        frame[11] = (byte) from;
        frame[14] = (byte) content;
        return frame;
    }

    @Test
    void anUnknownAddressIsLookedForEverywhereElse() {
        one.send(frame(2, 1, 7));

        assertThat(received).containsExactly("two gets 7", "three gets 7");
    }

    @Test
    void anAddressThatWasSeenIsSentToAtItsPortAlone() {
        two.send(frame(9, 2, 0));
        received.clear();
        one.send(frame(2, 1, 7));
        two.send(frame(1, 2, 8));
        two.send(frame(2, 5, 9));

        assertThat(received).containsExactly("two gets 7", "one gets 8");
    }

    @Test
    void aBroadcastGoesEverywhereElse() {
        byte[] broadcast = frame(0, 1, 7);
        for (int i = 0; i < 6; i++) {
            broadcast[i] = -1;
        }
        one.send(broadcast);

        assertThat(received).containsExactly("two gets 7", "three gets 7");
    }

    @Test
    void anAddressThatMovesIsFollowed() {
        two.send(frame(9, 2, 0));
        three.send(frame(9, 2, 0));
        received.clear();
        one.send(frame(2, 1, 7));

        assertThat(received).containsExactly("three gets 7");
    }

    @Test
    void anAnswerIsDeliveredAfterTheFrameItAnswers() {
        VirtualSwitch echoing = new VirtualSwitch();
        var echo = new Object() {
            NetworkPort port = one;
        };
        echo.port = echoing.connect(frame -> echo.port.send(frame(1, 2, frame[14] + 1)));
        echoing.connect(frame -> received.add("witness gets " + frame[14]));
        NetworkPort asking = echoing.connect(frame -> received.add("asking gets " + frame[14]));
        asking.send(frame(2, 1, 7));

        assertThat(received).containsExactly("witness gets 7", "asking gets 8");
    }

    @Test
    void whatIsNoFrameIsLost() {
        one.send(new byte[13]);
        one.send(new byte[1519]);
        two.disconnect();
        two.send(frame(1, 2, 7));

        assertThat(received).isEmpty();
    }

    @Test
    void anUnpluggedCardGetsNothingMore() {
        two.send(frame(9, 2, 0));
        two.disconnect();
        received.clear();
        one.send(frame(2, 1, 7));

        assertThat(received).containsExactly("three gets 7");
    }

    @Test
    void addressesAreWrittenAsUsual() {
        assertThat(new MacAddress(0x00163E000001L)).hasToString("00:16:3e:00:00:01");
        assertThat(MacAddress.BROADCAST.isGroup()).isTrue();
    }
}
