package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = 1_000_000_000;

    private final Pace pace = new Pace();

    @Test
    void waitsAsLongAsThePaceSays() {
        pace.set(2, 10 * SECOND, 100 * SECOND);
        assertThat(pace.waitNanos(14 * SECOND, 101 * SECOND)).isEqualTo(SECOND);
        assertThat(pace.waitNanos(12 * SECOND, 101 * SECOND)).isZero();
    }

    @Test
    void whatIsDueAtTheEndOfTimeIsWaitedForAndChangesNothing() {
        pace.set(0.001, 10 * SECOND, 100 * SECOND);
        assertThat(pace.waitNanos(Long.MAX_VALUE - 1, 100 * SECOND)).isEqualTo(Long.MAX_VALUE);
        assertThat(pace.virtualAt(101 * SECOND)).isEqualTo(10 * SECOND + 1_000_000);
    }

    @Test
    void longDelayIsNotMadeUpFor() {
        pace.set(1, 0, 0);
        assertThat(pace.waitNanos(SECOND, 60 * SECOND)).isZero();
        assertThat(pace.virtualAt(61 * SECOND)).isEqualTo(2 * SECOND);
    }
}
