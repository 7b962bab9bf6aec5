package dev.simvisor.node.cpu.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a translation lookaside buffer still knows after a flush. */
class TlbTest {
    private final Tlb tlb = new Tlb(Tlb.allocate(1));

    private void fill(int count, boolean global) {
        for (long page = 0; page < count; page++) tlb.fill(page << 12, 0x1000, global);
    }

    private boolean holds(long linear) {
        return Tlb.page(Tlb.entry(tlb.entries, linear)) == linear;
    }

    /** A guest that fills for minutes and never flushes would overflow a count that goes on. */
    @Test
    void fillsAreCountedAsFarAsTheyAreLogged() {
        fill(10 * Tlb.ENTRIES, false);
        assertThat(tlb.filledCount()).isEqualTo(Tlb.ENTRIES + 1);
        assertThat(tlb.nonGlobalCount()).isEqualTo(Tlb.ENTRIES + 1);
        tlb.flush();
        for (long page = 0; page < 10 * Tlb.ENTRIES; page++) {
            assertThat(holds(page << 12)).isFalse();
        }
        assertThat(tlb.filledCount()).isZero();
    }

    @Test
    void aFlushOfTheOthersLeavesGlobalPages() {
        tlb.fill(0x5000, 0x1000, true);
        tlb.fill(0x6000, 0x1000, false);
        tlb.flushNonGlobal();
        assertThat(holds(0x5000)).isTrue();
        assertThat(holds(0x6000)).isFalse();
        tlb.flush();
        assertThat(holds(0x5000)).isFalse();
    }

    @Test
    void aFlushOfTheOthersTakesGlobalPagesTooOnceTheLogIsFull() {
        tlb.fill(Tlb.ENTRIES - 1L << 12, 0x1000, true);
        for (int n = 0; n <= Tlb.ENTRIES; n++) tlb.fill(0x6000, 0x1000, false);
        tlb.flushNonGlobal();
        assertThat(holds(Tlb.ENTRIES - 1L << 12)).isFalse();
        assertThat(holds(0x6000)).isFalse();
    }
}
