package dev.simvisor.node.vmm.para.hypercall;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.SmallDomain;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Lists of any length: worked through in pieces, between which others have their turn, and time passes. */
class ContinuationTest {
    private static final int MMU_UPDATE = 1;
    private static final int MEMORY_OP = 12;
    private static final int MULTICALL = 13;
    private static final int CONSOLE_IO = 18;
    private static final int GRANT_TABLE_OP = 20;
    private static final int MMUEXT_OP = 26;

    private static final int MACHINE_TO_PHYSICAL = 1;
    private static final int PIN_L2 = 1;
    private static final int UNPIN = 4;
    private static final int NEW_BASE = 5;
    private static final int FLUSH_LOCAL = 6;
    private static final int DECREASE_RESERVATION = 1;
    private static final int QUERY_SIZE = 6;
    private static final int TRANSFER = 4;

    private static final int LIST_FRAME = 100;
    private static final long LIST = SmallDomain.linear(LIST_FRAME);
    private static final int DONE_FRAME = 90;
    private static final long DONE = SmallDomain.linear(DONE_FRAME);

    private final SmallDomain small = new SmallDomain(1);
    private final HypercallTable table = new HypercallTable(List.of());
    private int pieces;

    @AfterEach
    void close() {
        small.close();
    }

    /** As the guest makes it, again and again until it is done. */
    private long call(int number, long... arguments) {
        pieces = 0;
        long[] args = java.util.Arrays.copyOf(arguments, 6);
        while (true) {
            pieces++;
            try {
                return table.call(small.vcpu(), number, args);
            } catch (Preempted rest) {
                assertThat(pieces).as("pieces").isLessThan(1000);
            }
        }
    }

    private void put(int word, long value) {
        small.domain.frames().write(LIST_FRAME + (word >> 9), word & 511, value);
    }

    @Test
    void aListOfPageTableUpdatesIsDoneInPiecesAndCountedToItsEnd() {
        int count = 6000;
        for (int n = 0; n < count; n++) {
            put(2 * n, small.mfn(n % 50) << 12 | MACHINE_TO_PHYSICAL);
            put(2 * n + 1, n);
        }
        assertThat(call(MMU_UPDATE, LIST, count, DONE, Domain.SELF)).isZero();
        assertThat(pieces).isGreaterThan(10);
        assertThat(small.domain.frames().read(DONE_FRAME, 0)).isEqualTo(count);
        assertThat(small.domain.space().physical(49)).isEqualTo(5999);
    }

    @Test
    void anErrorInALaterPieceSaysHowFarTheWholeListGot() {
        int count = 2000;
        for (int n = 0; n < count; n++) {
            put(3 * n, n == 1234 ? 99 : FLUSH_LOCAL);
            put(3 * n + 1, small.mfn(0));
        }
        assertThat(call(MMUEXT_OP, LIST, count, DONE, Domain.SELF)).isEqualTo(XenError.ENOSYS.result());
        assertThat(small.domain.frames().read(DONE_FRAME, 0)).isEqualTo(1234);
    }

    @Test
    void extentsAreCountedOverAllPieces() {
        int count = 600;
        for (int n = 0; n < count; n++) put(n, small.mfn(300 + n));
        int reservation = 8 * 512;
        put(reservation, LIST);
        put(reservation + 1, count);
        put(reservation + 3, Domain.SELF);
        int before = small.domain.frames().frames();
        assertThat(call(MEMORY_OP, DECREASE_RESERVATION, LIST + 8L * reservation))
                .isEqualTo(count);
        assertThat(pieces).isEqualTo(2);
        assertThat(small.domain.frames().frames()).isEqualTo(before - count);
    }

    @Test
    void grantOperationsGoOnWhereTheyWereBrokenOff() {
        int count = 1500;
        for (int n = 0; n < count; n++) put(3 * n, small.mfn(0));
        assertThat(call(GRANT_TABLE_OP, TRANSFER, LIST, count)).isZero();
        assertThat(pieces).isEqualTo(3);
        for (int n = 0; n < count; n++) {
            int word = 3 * n + 2;
            assertThat((short) small.domain.frames().read(LIST_FRAME + (word >> 9), word & 511))
                    .as("status " + n)
                    .isNegative();
        }
    }

    @Test
    void aCallWithinAMulticallIsBrokenOffWithIt() {
        int updates = 4096;
        for (int n = 0; n < 1200; n++) {
            put(updates + 2 * n, small.mfn(n % 50) << 12 | MACHINE_TO_PHYSICAL);
            put(updates + 2 * n + 1, n);
        }
        entry(0, GRANT_TABLE_OP, QUERY_SIZE, DONE, 1, 0);
        entry(1, MMU_UPDATE, LIST + 8L * updates, 1200, DONE + 64, Domain.SELF);
        entry(2, MULTICALL, LIST, 1, 0, 0);
        assertThat(call(MULTICALL, LIST, 3)).isZero();
        assertThat(pieces).isEqualTo(3);
        assertThat(small.domain.frames().read(DONE_FRAME, 8)).isEqualTo(1200);
        assertThat(small.domain.frames().read(LIST_FRAME, 9))
                .as("of mmu_update")
                .isZero();
        assertThat(small.domain.frames().read(LIST_FRAME, 17))
                .as("of multicall")
                .isEqualTo(XenError.EINVAL.result());
        assertThat(small.domain.ledger().details(ExitKind.MULTICALL_ENTRY)).containsEntry("grant_table_op", 1L);
    }

    /** 40 tables below one: more than a list may do at once, in one element that cannot be divided. */
    @Test
    void aTreeOfTablesIsNotPinnedInNoTime() {
        int root = treeOfTables(40);
        assertThat(cyclesOfMmuOperation(PIN_L2, root)).isEqualTo(64 * 16 * 40);
        assertThat(small.domain.frames().isPinned(root)).isTrue();
        assertThat(cyclesOfMmuOperation(UNPIN, root)).isEqualTo(64 * 16 * 40);
    }

    @Test
    void theTablesOfASmallProcessCostWhatTheModelSays() {
        int root = treeOfTables(20);
        assertThat(cyclesOfMmuOperation(PIN_L2, root)).isZero();
    }

    /** The root of so many tables, one above the others. */
    private int treeOfTables(int count) {
        int root = 200;
        for (int n = root; n < root + count; n++) unmap(n);
        long flags = PageTableEntry.PRESENT | PageTableEntry.USER;
        for (int n = 1; n < count; n++) {
            small.domain.frames().write(root, n, PageTableEntry.of(small.mfn(root + n), flags));
        }
        return root;
    }

    private long cyclesOfMmuOperation(int operation, int gfn) {
        put(0, operation);
        put(1, small.mfn(gfn));
        long before = small.domain.clock().cycles();
        assertThat(call(MMUEXT_OP, LIST, 1, DONE, Domain.SELF)).isZero();
        return small.domain.clock().cycles() - before;
    }

    private void entry(int number, int hypercall, long... arguments) {
        put(8 * number, hypercall);
        for (int n = 0; n < arguments.length; n++) put(8 * number + 2 + n, arguments[n]);
    }

    @Test
    void aMulticallThatSwitchesPageTablesLeavesItsResultsThroughTheNewOnes() {
        int root = 80;
        for (int index = 256; index < 512; index++) {
            small.domain.frames().write(root, index, small.domain.frames().read(SmallDomain.ROOT, index));
        }
        unmap(root);
        small.domain.frames().pin(root, dev.simvisor.node.vmm.para.memory.FrameType.L4);
        int operation = 1024;
        put(operation, NEW_BASE);
        put(operation + 1, small.mfn(root));
        entry(0, MMUEXT_OP, LIST + 8L * operation, 1, 0, Domain.SELF);
        // What was the root is written to as any frame is, after which nothing may be reached through it.
        small.domain.frames().unpin(SmallDomain.ROOT);
        entry(1, MMU_UPDATE, LIST + 8L * operation + 64, 1, 0, Domain.SELF);
        put(operation + 8, small.mfn(SmallDomain.ROOT) << 12 | 511 << 3);
        entry(2, GRANT_TABLE_OP, QUERY_SIZE, DONE, 1, 0);
        put(8 * 2 + 1, 77);
        assertThat(call(MULTICALL, LIST, 3)).isZero();
        assertThat(small.vcpu().kernelTable()).isEqualTo(root);
        assertThat(small.domain.frames().read(LIST_FRAME, 1)).isZero();
        assertThat(small.domain.frames().read(LIST_FRAME, 9)).isZero();
        assertThat(small.domain.frames().read(LIST_FRAME, 17)).isZero();
    }

    /** A frame is a page table only while nobody can write to it. */
    private void unmap(int gfn) {
        small.domain.paging().update(SmallDomain.FIRST_L1, gfn, 0, false);
    }

    @Test
    void noListIsSoLongThatTimeStandsStill() {
        long[] args = {0, 0xFFFF_FFFFL, SmallDomain.BASE, 0, 0, 0};
        long before = small.domain.clock().cycles();
        for (int n = 0; n < 3; n++) {
            try {
                table.call(small.vcpu(), CONSOLE_IO, args);
                assertThat(n).as("the calls before").isEqualTo(3);
            } catch (Preempted rest) {
                args[2] = SmallDomain.BASE;
            }
        }
        assertThat(small.domain.clock().cycles() - before).isGreaterThan(90_000);
    }

    @Test
    void aTimerThatIsDueBreaksAListOff() {
        for (int n = 0; n < 100; n++) put(3 * n, FLUSH_LOCAL);
        small.domain.clock().timer("due", () -> {}).arm(0);
        long[] args = {LIST, 100, DONE, Domain.SELF, 0, 0};
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> table.call(small.vcpu(), MMUEXT_OP, args))
                .isSameAs(Preempted.REST);
        assertThat(args).startsWith(LIST + 24, 99 | 1L << 31, DONE, Domain.SELF);
        assertThat(small.domain.frames().read(DONE_FRAME, 0)).isEqualTo(1);
    }
}
