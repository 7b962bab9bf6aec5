package dev.simvisor.node.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EthernetLineTest {
    private final EthernetLine gigabit = new EthernetLine(1_000_000_000);

    @Test
    void frameTakesItsOctetsWithPreambleChecksumAndGap() {
        assertThat(gigabit.send(100, 1514)).isEqualTo(100 + (1514 + 24) * 8);
    }

    @Test
    void shortFramesTakeAsLongAsTheShortestThereIs() {
        assertThat(gigabit.send(0, 14)).isEqualTo(84 * 8);
    }

    @Test
    void framesWaitForThoseBefore() {
        gigabit.send(0, 60);
        assertThat(gigabit.send(1, 60)).isEqualTo(2 * 84 * 8);
        assertThat(gigabit.send(10_000, 60)).isEqualTo(10_000 + 84 * 8);
    }

    @Test
    void whatFindsNoRoomInTheQueueIsLost() {
        for (int n = 0; n <= EthernetLine.MOST_WAITING; n++) {
            assertThat(gigabit.send(0, 60)).isPositive();
        }
        assertThat(gigabit.send(84 * 8 - 1, 60)).isEqualTo(EthernetLine.LOST);
        assertThat(gigabit.send(84 * 8, 60)).isPositive();
    }
}
