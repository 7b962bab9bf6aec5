package dev.simvisor.node.host.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PageRunsTest {
    @Test
    void runsBeginWithPagesThatAreNotInTheSet() {
        BitSet gfns = new BitSet();
        gfns.set(0, 3);
        gfns.set(10);

        assertThat(PageRuns.of(gfns)).containsExactly(0, 3, 7, 1);
        assertThat(PageRuns.of(new BitSet())).isEmpty();
    }

    @Test
    void everySetComesBack() throws Exception {
        Random random = new Random(1);
        for (int n = 0; n < 200; n++) {
            BitSet gfns = new BitSet();
            for (int gfn = 0; gfn < 300; gfn++) gfns.set(gfn, random.nextInt(200) < n);

            assertThat(PageRuns.toSet(PageRuns.of(gfns), 300)).isEqualTo(gfns);
        }
    }

    @Test
    void runsBeyondMemoryAreRefused() {
        assertThatThrownBy(() -> PageRuns.toSet(List.of(0, 101), 100))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pages up to 101, of 100");
        assertThatThrownBy(() -> PageRuns.toSet(List.of(-1, 1), 100)).isInstanceOf(IllegalArgumentException.class);
    }
}
