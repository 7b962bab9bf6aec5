package dev.simvisor.node.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.memory.MachineMemory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a shadow table finds the entries that lead to it. */
class ShadowTableTest {
    private final MachineMemory memory = MachineMemory.ofBytes(4 << 20);
    private final ShadowTable child = table(1);

    private ShadowTable table(int level) {
        int mfn = memory.allocate();
        return new ShadowTable(mfn, level, ShadowTable.NO_GUEST_TABLE, 0, mfn, memory.addressOf(mfn));
    }

    @AfterEach
    void close() {
        memory.close();
    }

    /** A guest may have all entries of all its directories lead to one page table. */
    @Test
    @Timeout(10)
    void oneMoreLinkToATableOfManyCostsNoMoreThanToAnother() {
        List<ShadowTable> parents = new ArrayList<>();
        for (int n = 0; n < 800; n++) {
            ShadowTable parent = table(2);
            parents.add(parent);
            for (int index = 0; index < ShadowTable.ENTRIES; index++) child.linkFrom(parent, index, 1);
        }
        child.unlink();
        for (ShadowTable parent : parents) {
            for (int index = 0; index < ShadowTable.ENTRIES; index++)
                assertThat(parent.entry(index)).isZero();
        }
    }

    @Test
    void aLinkThatComesAndGoesIsNotedOnce() {
        ShadowTable parent = table(2);
        ShadowTable other = table(2);
        other.released = true;
        for (int n = 0; n < 100_000; n++) {
            child.linkFrom(parent, 5, n & 7);
            child.linkFrom(parent, 5, 1);
            if (n % 3 == 0) parent.entry(5, 0);
        }
        assertThat(child.roomForParents()).isLessThanOrEqualTo(4);
        child.linkFrom(parent, 5, 1);
        child.linkFrom(parent, 6, 1);
        parent.entry(6, table(1).frameAddress() | 1);
        child.unlink();
        assertThat(parent.entry(5)).isZero();
        assertThat(parent.entry(6)).as("leads to another table now").isNotZero();
    }
}
