package dev.simvisor.node.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SharingTimesTest {
    private final SharingTimes times = new SharingTimes(100);

    @Test
    void aHostLooksTwiceAfterAChangeAtMultiplesOfTheInterval() {
        times.changed();
        assertThat(times.takeLook(30)).isFalse();
        assertThat(times.nextNanos(30)).isEqualTo(100);
        assertThat(times.takeLook(100)).isTrue();
        assertThat(times.takeLook(100)).isFalse();
        assertThat(times.dueNanos(100)).isEqualTo(200);
        assertThat(times.takeLook(200)).isTrue();
        assertThat(times.dueNanos(200)).isEqualTo(Long.MAX_VALUE);
        assertThat(times.takeLook(300)).isFalse();
        times.changed();
        assertThat(times.dueNanos(300)).isEqualTo(400);
        assertThat(times.dueNanos(400)).isEqualTo(400);
    }

    @Test
    void aHostThatSharesNothingNeverLooks() {
        SharingTimes never = new SharingTimes(0);
        never.changed();
        assertThat(never.nextNanos(5)).isEqualTo(Long.MAX_VALUE);
        assertThat(never.dueNanos(5)).isEqualTo(Long.MAX_VALUE);
        assertThat(never.takeLook(0)).isFalse();
    }
}
