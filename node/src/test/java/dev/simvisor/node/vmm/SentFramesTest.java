package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SentFramesTest {
    private final SentFrames frames = new SentFrames();

    @Test
    void framesAreTakenOnceInTheirOrder() {
        frames.add(new byte[] {1}, 5);
        frames.add(new byte[] {2}, 5);
        List<SentFrame> taken = frames.take();
        assertThat(taken).extracting(SentFrame::nanos).containsExactly(5L, 5L);
        assertThat(taken.getLast().bytes()).containsExactly(2);
        assertThat(frames.take()).isEmpty();
    }

    @Test
    void guestThatSendsAsFastAsItCanLosesTheSameWheneverItIsLookedFor() {
        SentFrames often = new SentFrames();
        int takenOften = 0;
        for (int n = 0; n < 100_000; n++) {
            frames.add(new byte[60], n);
            often.add(new byte[60], n);
            if (n % 7 == 0) takenOften += often.take().size();
        }
        int taken = frames.take().size();
        assertThat(taken).isEqualTo(takenOften + often.take().size()).isBetween(18_000, 21_000);
    }
}
