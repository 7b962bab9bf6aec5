package dev.simvisor.node.vmm.para.memory;

import static dev.simvisor.node.vmm.para.domain.SmallDomain.FIRST_L1;
import static dev.simvisor.node.vmm.para.domain.SmallDomain.ROOT;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.GLOBAL;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.GUEST_KERNEL;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.LARGE;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.PRESENT;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.USER;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.WRITABLE;
import static dev.simvisor.node.vmm.para.memory.PageTableEntry.of;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.SmallDomain;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a guest may put into its page tables, and what it may not. */
class DirectPagingTest {
    private static final int PAGE = 7;
    private static final int TABLE = 8;

    private final SmallDomain small = new SmallDomain(1);
    private final FrameTable frames = small.domain.frames();
    private final DirectPaging paging = small.domain.paging();

    @AfterEach
    void close() {
        small.close();
    }

    private static void refused(XenError error, ThrowingCallable action) {
        assertThatThrownBy(action).isSameAs(error);
    }

    /** Frame TABLE becomes a page table in use, mapped nowhere. */
    private void makeTable() {
        paging.update(FIRST_L1, TABLE, 0, false);
        frames.pin(TABLE, FrameType.L1);
    }

    private void put(int index, long entry) {
        paging.update(TABLE, index, entry, false);
    }

    @Test
    void aPageOfTheKernelIsMadeAUserPageAndMarked() {
        makeTable();
        put(0, of(small.mfn(PAGE), PRESENT | WRITABLE));
        assertThat(paging.entry(TABLE, 0)).isEqualTo(of(small.mfn(PAGE), PRESENT | WRITABLE | USER) | GUEST_KERNEL);
    }

    @Test
    void aPageOfAProgramIsMadeGlobal() {
        makeTable();
        put(0, of(small.mfn(PAGE), PRESENT | USER));
        assertThat(paging.entry(TABLE, 0)).isEqualTo(of(small.mfn(PAGE), PRESENT | USER | GLOBAL));
    }

    @Test
    void aPageTableCannotBeMappedWritable() {
        makeTable();
        refused(XenError.EBUSY, () -> put(0, of(small.mfn(TABLE), PRESENT | WRITABLE)));
        refused(XenError.EBUSY, () -> put(0, of(small.mfn(ROOT), PRESENT | WRITABLE)));
        assertThat(paging.entry(TABLE, 0)).isZero();
    }

    /** The stamps of the TLB are counted by a guest's flushes, of which a few minutes hold 2^31. */
    @Test
    void aPageThatBecomesATableCannotBeWrittenAfterAnyNumberOfFlushes() {
        var memory = small.vcpu().cpu().memory;
        frames.advance(Integer.MAX_VALUE - 1);
        small.vcpu().flushTlb();
        memory.write64(SmallDomain.linear(TABLE), 0); // the TLB has it writable
        small.vcpu().flushTlb();
        memory.write64(SmallDomain.linear(TABLE), 0);
        makeTable();
        assertThatThrownBy(() -> memory.write64(SmallDomain.linear(TABLE), of(small.mfn(ROOT), PRESENT | WRITABLE)))
                .isInstanceOf(GuestException.class);
        assertThat(paging.entry(TABLE, 0)).isZero();
    }

    @Test
    void aGuestsProcessorCannotStoreToFramesOfTheVmm() {
        var bus = new DomainBus(small.domain.memory());
        long page = small.domain.memory().endMfn() << MachineMemory.FRAME_SHIFT;
        assertThat(bus.directRead(page)).isNotZero();
        assertThat(bus.directWrite(page)).isZero();
        assertThatThrownBy(() -> bus.write(page, 8, 0)).isInstanceOf(IllegalStateException.class);
    }

    /** With bit 47 set they would lead to what is the VMM's. */
    @Test
    void addressesThatAreNotCanonicalAreNobodys() {
        for (long linear :
                new long[] {0x0000_8000_0000_0000L, 0x0000_8200_0000_E000L, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertThat(HypervisorSpace.isGuests(linear)).isFalse();
            refused(XenError.EFAULT, () -> small.vcpu().access().translate(linear, false));
        }
        assertThat(HypervisorSpace.isGuests(0x0000_7FFF_FFFF_FFFFL)).isTrue();
        assertThat(HypervisorSpace.isGuests(HypervisorSpace.END)).isTrue();
    }

    @Test
    void aPageTableCanBeMappedReadOnly() {
        makeTable();
        put(0, of(small.mfn(TABLE), PRESENT));
        assertThat(frames.type(TABLE)).isEqualTo(FrameType.L1);
    }

    @Test
    void aWritablePageCannotBecomeAPageTable() {
        refused(XenError.EINVAL, () -> frames.pin(TABLE, FrameType.L1));
        assertThat(frames.type(TABLE)).isEqualTo(FrameType.WRITABLE);
        assertThat(frames.isPinned(TABLE)).isFalse();
    }

    @Test
    void framesOfOthersAndOfNobodyAreRefused() {
        makeTable();
        long foreign = small.neighbour.memory().mfn(PAGE);
        long beyond = small.neighbour.memory().endMfn() + 1000;
        refused(XenError.EBUSY, () -> put(0, of(foreign, PRESENT)));
        refused(XenError.EPERM, () -> put(0, of(beyond, PRESENT)));
        refused(XenError.EPERM, () -> put(0, of(small.domain.memory().endMfn(), PRESENT)));
        refused(XenError.EPERM, () -> put(0, of(0, PRESENT)));
    }

    @Test
    void flagsThatTheGuestHasNoSayInAreRefused() {
        makeTable();
        for (long flag :
                new long[] {LARGE, PageTableEntry.CACHE_DISABLE, PageTableEntry.WRITE_THROUGH, 1L << 62, 1L << 48}) {
            refused(XenError.EINVAL, () -> put(0, of(small.mfn(PAGE), PRESENT) | flag));
        }
    }

    @Test
    void aLargePageIsRefused() {
        refused(XenError.EINVAL, () -> paging.update(SmallDomain.L2, 5, of(small.mfn(512), PRESENT | LARGE), false));
    }

    @Test
    void theEntriesOfTheVmmStayAsTheyAre() {
        long before = paging.entry(ROOT, 256);
        assertThat(before).isNotZero();
        for (int index : new int[] {256, 260, 271}) {
            refused(XenError.EINVAL, () -> paging.update(ROOT, index, 0, false));
        }
        assertThat(paging.entry(ROOT, 256)).isEqualTo(before);
    }

    @Test
    void aTableThatIsRefusedHalfWayLeavesNothingBehind() {
        paging.update(FIRST_L1, TABLE, 0, false);
        frames.write(TABLE, 0, of(small.mfn(PAGE), PRESENT | WRITABLE));
        frames.write(TABLE, 1, of(small.mfn(ROOT), PRESENT | WRITABLE));
        int references = frames.references(PAGE);
        int uses = frames.typeCount(PAGE);
        refused(XenError.EBUSY, () -> frames.pin(TABLE, FrameType.L1));
        assertThat(frames.references(PAGE)).isEqualTo(references);
        assertThat(frames.typeCount(PAGE)).isEqualTo(uses);
        assertThat(frames.type(TABLE)).isEqualTo(FrameType.NONE);
    }

    @Test
    void unpinningLetsGoOfWhatTheTableMapped() {
        makeTable();
        int references = frames.references(PAGE);
        put(0, of(small.mfn(PAGE), PRESENT | WRITABLE));
        assertThat(frames.references(PAGE)).isEqualTo(references + 1);
        frames.unpin(TABLE);
        assertThat(frames.references(PAGE)).isEqualTo(references);
        assertThat(frames.type(TABLE)).isEqualTo(FrameType.NONE);
    }

    @Test
    void pinningDoesNotNest() {
        makeTable();
        refused(XenError.EINVAL, () -> frames.pin(TABLE, FrameType.L1));
        frames.unpin(TABLE);
        refused(XenError.EINVAL, () -> frames.unpin(TABLE));
    }

    @Test
    void aTableOfOneLevelIsNoTableOfAnother() {
        makeTable();
        refused(XenError.EINVAL, () -> frames.pin(TABLE, FrameType.L2));
        refused(XenError.EINVAL, () -> paging.update(SmallDomain.L3, 5, of(small.mfn(TABLE), PRESENT), false));
    }

    @Test
    void accessedAndDirtyFlagsCanBePreserved() {
        makeTable();
        put(0, of(small.mfn(PAGE), PRESENT | WRITABLE | PageTableEntry.ACCESSED | PageTableEntry.DIRTY));
        paging.update(TABLE, 0, of(small.mfn(PAGE), PRESENT), true);
        assertThat(paging.entry(TABLE, 0) & (WRITABLE | PageTableEntry.ACCESSED | PageTableEntry.DIRTY))
                .isEqualTo(PageTableEntry.ACCESSED | PageTableEntry.DIRTY);
    }

    @Test
    void aFrameThatIsGivenBackIsFreeOnceItIsNotMappedAnyMore() {
        frames.write(PAGE, 0, 42);
        frames.deallocate(PAGE);
        assertThat(frames.frames()).isEqualTo(SmallDomain.FRAMES - 1);
        assertThat(frames.firstFree(0)).isEqualTo(DomainMemory.NONE);
        paging.update(FIRST_L1, PAGE, 0, false);
        assertThat(frames.firstFree(0)).isEqualTo(PAGE);
        frames.allocate(PAGE);
        assertThat(frames.read(PAGE, 0)).isZero();
    }

    @Test
    void machineToPhysicalEntriesAreTheGuestsToSet() {
        small.domain.space().physical(PAGE, 1234);
        assertThat(small.domain.space().physical(PAGE)).isEqualTo(1234);
    }
}
