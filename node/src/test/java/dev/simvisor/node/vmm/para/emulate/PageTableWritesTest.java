package dev.simvisor.node.vmm.para.emulate;

import static dev.simvisor.node.vmm.para.memory.PageTableEntry.PRESENT;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.USER;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.of;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.disassemble.CodeListing;
import dev.simvisor.node.vmm.para.domain.SmallDomain;
import dev.simvisor.node.vmm.para.memory.FrameType;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Stores of a guest's kernel to a page table that it has mapped read-only. */
class PageTableWritesTest {
    private static final int PAGE = 7;
    private static final int TABLE = 8;
    private static final String STORE_RAX_AT_RDI = "488907";
    private static final String STORE_EAX_AT_RDI = "8907";

    private final SmallDomain small = new SmallDomain(1);
    private final PageTableWrites writes = new PageTableWrites(small.vcpu());

    @BeforeEach
    void makeTable() {
        small.domain.paging().update(SmallDomain.FIRST_L1, TABLE, of(small.mfn(TABLE), PRESENT), false);
        small.domain.frames().pin(TABLE, FrameType.L1);
        for (int index = 0; index < 2; index++) {
            small.domain.paging().update(TABLE, index, of(small.mfn(PAGE + 10 * index), PRESENT | USER), false);
        }
    }

    @AfterEach
    void close() {
        small.close();
    }

    private boolean store(String code, int at, long value) {
        Cpu cpu = small.vcpu().cpu();
        cpu.gpr[Cpu.RAX] = value;
        cpu.gpr[Cpu.RDI] = SmallDomain.linear(TABLE) + at;
        byte[] bytes = HexFormat.of().parseHex(code);
        return writes.emulate(CodeListing.decode(bytes, 64).getFirst(), cpu.gpr[Cpu.RDI]);
    }

    private long entry(int index) {
        return small.domain.paging().entry(TABLE, index);
    }

    @Test
    void anAlignedStoreIsAnUpdate() {
        long second = entry(1);
        assertThat(store(STORE_RAX_AT_RDI, 0, of(small.mfn(PAGE + 1), PRESENT | USER)))
                .isTrue();
        assertThat(small.domain.memory().gfn(entry(0) >>> 12 & 0xFF_FFFF_FFFFL)).isEqualTo(PAGE + 1);
        assertThat(entry(1)).isEqualTo(second);
        assertThat(store(STORE_EAX_AT_RDI, 0, 0)).isTrue();
        assertThat(entry(0)).isZero();
    }

    @Test
    void aStoreAcrossEntriesOrHalvesIsRefusedAndChangesNothing() {
        long first = entry(0);
        long second = entry(1);
        for (int at : new int[] {1, 4, 7}) {
            assertThat(store(STORE_RAX_AT_RDI, at, 0)).isFalse();
            assertThat(store(STORE_EAX_AT_RDI, at | 2, 0)).isFalse();
        }
        assertThat(entry(0)).isEqualTo(first);
        assertThat(entry(1)).isEqualTo(second);
    }
}
