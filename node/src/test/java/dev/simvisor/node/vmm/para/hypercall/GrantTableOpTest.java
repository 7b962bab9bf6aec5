package dev.simvisor.node.vmm.para.hypercall;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.SmallDomain;
import dev.simvisor.node.vmm.para.grant.GrantStatus;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class GrantTableOpTest {
    private static final int GRANT_TABLE_OP = 20;
    private static final int MAP = 0;
    private static final int UNMAP = 1;
    private static final int SETUP_TABLE = 2;
    private static final int TRANSFER = 4;
    private static final int COPY = 5;
    private static final int QUERY_SIZE = 6;
    private static final int REPLACE = 7;
    private static final int SET_VERSION = 8;
    private static final int GET_VERSION = 10;
    private static final int SWAP = 11;

    private static final int HOST_MAP = 2;
    private static final int CONTAINS_PTE = 1 << 4;

    private static final long ARGUMENT = SmallDomain.linear(100);
    /** A frame that is granted, one to copy to, and the one whose place in the address space mappings take. */
    private static final int GRANTED = 200;

    private static final int TARGET = 201;
    private static final int PLACE = 202;
    private static final int REFERENCE = 8;

    private final SmallDomain small = new SmallDomain(1);
    private final HypercallTable table = new HypercallTable(List.of());

    @AfterEach
    void close() {
        small.close();
    }

    private long call(int operation, int count) {
        return table.call(small.vcpu(), GRANT_TABLE_OP, new long[] {operation, ARGUMENT, count, 0, 0, 0});
    }

    private void put(int offset, long value, int size) {
        for (int n = 0; n < size; n++) small.vcpu().access().writeByte(ARGUMENT + offset + n, (int) (value >>> 8 * n));
    }

    private long get(int offset) {
        return small.vcpu().access().readLong(ARGUMENT + offset);
    }

    private int status(int offset) {
        return (short) small.vcpu().access().readShort(ARGUMENT + offset);
    }

    /** The guest writes an entry of its table, as it would through a mapping of the frame. */
    private void grant(int reference, int domain, int gfn) {
        small.domain.grants().table().permit(reference, domain, small.mfn(gfn));
    }

    private void argumentsOfMap(long address, int flags, int reference, int domain) {
        put(0, address, 8);
        put(8, flags, 4);
        put(12, reference, 4);
        put(16, domain, 2);
    }

    private void argumentsOfUnmap(long address, long handle) {
        put(0, address, 8);
        put(8, 0, 8);
        put(16, handle, 4);
    }

    private long entry(int gfn) {
        return small.domain.paging().entryOf(SmallDomain.ROOT, SmallDomain.linear(gfn));
    }

    @Test
    void theTableIsSetUpFrameByFrame() {
        put(0, Domain.SELF, 2);
        put(4, 3, 4);
        put(16, ARGUMENT + 512, 8);
        assertThat(call(SETUP_TABLE, 1)).isZero();
        assertThat(status(8)).isZero();
        for (int frame = 0; frame < 3; frame++) {
            int gfn = small.domain.memory().gfn(get(512 + 8 * frame));
            assertThat(small.domain.frames().type(gfn)).isEqualTo(FrameType.WRITABLE);
        }
        put(0, Domain.SELF, 2);
        call(QUERY_SIZE, 1);
        assertThat((int) get(4)).isEqualTo(3);
        assertThat((int) (get(4) >>> 32)).isEqualTo(64);
    }

    @Test
    void aTableTooLongOrOfAnotherDomainIsRefused() {
        put(0, Domain.SELF, 2);
        put(4, 65, 4);
        call(SETUP_TABLE, 1);
        assertThat(status(8)).isEqualTo(GrantStatus.GENERAL_ERROR.code());
        put(0, 0, 2);
        call(SETUP_TABLE, 1);
        assertThat(status(8)).isEqualTo(GrantStatus.PERMISSION_DENIED.code());
        put(0, 7, 2);
        call(SETUP_TABLE, 1);
        assertThat(status(8)).isEqualTo(GrantStatus.BAD_DOMAIN.code());
        assertThat(call(SETUP_TABLE, 2)).isEqualTo(XenError.EINVAL.result());
    }

    @Test
    void versionOneIsAllThereIs() {
        put(0, 1, 4);
        assertThat(call(SET_VERSION, 1)).isZero();
        put(0, 2, 4);
        assertThat(call(SET_VERSION, 1)).isEqualTo(XenError.ENOSYS.result());
        put(0, 3, 4);
        assertThat(call(SET_VERSION, 1)).isEqualTo(XenError.EINVAL.result());
        put(0, Domain.SELF, 2);
        assertThat(call(GET_VERSION, 1)).isZero();
        assertThat((int) (get(0) >>> 32)).isEqualTo(1);
        put(0, 9, 2);
        assertThat(call(GET_VERSION, 1)).isEqualTo(XenError.ESRCH.result());
    }

    @Test
    void aGrantToOneselfIsMappedAndUnmapped() {
        grant(REFERENCE, Domain.ID, GRANTED);
        long before = entry(PLACE);
        argumentsOfMap(SmallDomain.linear(PLACE), HOST_MAP, REFERENCE, Domain.ID);
        assertThat(call(MAP, 1)).isZero();
        assertThat(status(18)).isZero();
        assertThat(PageTableEntry.mfn(entry(PLACE))).isEqualTo(small.mfn(GRANTED));
        assertThat(entry(PLACE)).isNotEqualTo(before);

        long handle = get(20) & 0xFFFF_FFFFL;
        argumentsOfUnmap(SmallDomain.linear(PLACE + 1), handle);
        call(UNMAP, 1);
        assertThat(status(20)).as("another address").isEqualTo(GrantStatus.GENERAL_ERROR.code());
        argumentsOfUnmap(SmallDomain.linear(PLACE), handle);
        call(UNMAP, 1);
        assertThat(status(20)).isZero();
        assertThat(entry(PLACE)).isZero();
        call(UNMAP, 1);
        assertThat(status(20)).as("once more").isEqualTo(GrantStatus.BAD_HANDLE.code());
    }

    @Test
    void aMappingGivesWayToAnotherPage() {
        grant(REFERENCE, Domain.ID, GRANTED);
        argumentsOfMap(SmallDomain.linear(PLACE), HOST_MAP, REFERENCE, Domain.ID);
        call(MAP, 1);
        long other = entry(PLACE + 1);
        long handle = get(20) & 0xFFFF_FFFFL;
        argumentsOfUnmap(SmallDomain.linear(PLACE), handle);
        put(8, SmallDomain.linear(PLACE + 1), 8);
        call(REPLACE, 1);

        assertThat(status(20)).isZero();
        assertThat(PageTableEntry.mfn(entry(PLACE))).isEqualTo(PageTableEntry.mfn(other));
        assertThat(entry(PLACE + 1)).isZero();
    }

    @Test
    void whatCannotBeMappedIsRefused() {
        grant(REFERENCE, Domain.ID, GRANTED);
        assertMap(GrantStatus.BAD_REFERENCE, SmallDomain.linear(PLACE), 0, REFERENCE, Domain.ID);
        assertMap(GrantStatus.BAD_REFERENCE, SmallDomain.linear(PLACE), HOST_MAP, 99_999, Domain.ID);
        assertMap(GrantStatus.BAD_REFERENCE, SmallDomain.linear(PLACE), HOST_MAP, REFERENCE, 0);
        assertMap(GrantStatus.BAD_DOMAIN, SmallDomain.linear(PLACE), HOST_MAP, REFERENCE, 9);
        assertMap(GrantStatus.BAD_DOMAIN, SmallDomain.linear(PLACE), HOST_MAP, REFERENCE, Domain.SELF);
        assertMap(GrantStatus.GENERAL_ERROR, 0, HOST_MAP, REFERENCE, Domain.ID);
        assertMap(GrantStatus.GENERAL_ERROR, 0xFFFF_8000_0000_0000L, HOST_MAP, REFERENCE, Domain.ID);
        long notATable = small.mfn(GRANTED) << 12;
        assertMap(GrantStatus.GENERAL_ERROR, notATable, HOST_MAP | CONTAINS_PTE, REFERENCE, Domain.ID);
        long theirs = small.neighbour.memory().mfn(SmallDomain.FIRST_L1) << 12;
        assertMap(GrantStatus.GENERAL_ERROR, theirs, HOST_MAP | CONTAINS_PTE, REFERENCE, Domain.ID);
        small.domain
                .grants()
                .table()
                .permit(9, Domain.ID, small.neighbour.memory().mfn(5));
        assertMap(GrantStatus.BAD_PAGE, SmallDomain.linear(PLACE), HOST_MAP, 9, Domain.ID);
        grant(10, Domain.ID, SmallDomain.FIRST_L1);
        assertMap(GrantStatus.GENERAL_ERROR, SmallDomain.linear(PLACE), HOST_MAP, 10, Domain.ID);
    }

    private void assertMap(GrantStatus expected, long address, int flags, int reference, int domain) {
        argumentsOfMap(address, flags, reference, domain);
        assertThat(call(MAP, 1)).isZero();
        assertThat(status(18)).isEqualTo(expected.code());
    }

    private void argumentsOfCopy(long source, int sourceOffset, long target, int targetOffset, int length, int flags) {
        put(0, source, 8);
        put(8, Domain.SELF, 2);
        put(10, sourceOffset, 2);
        put(16, target, 8);
        put(24, Domain.SELF, 2);
        put(26, targetOffset, 2);
        put(32, length, 2);
        put(34, flags, 2);
    }

    private int copied() {
        assertThat(call(COPY, 1)).isZero();
        return status(36);
    }

    @Test
    void bytesAreCopiedBetweenFrames() {
        grant(REFERENCE, Domain.ID, GRANTED);
        small.vcpu().access().writeLong(SmallDomain.linear(GRANTED) + 4088, 0x1122_3344_5566_7788L);
        argumentsOfCopy(REFERENCE, 4088, small.mfn(TARGET), 16, 8, 1);
        assertThat(copied()).isZero();
        assertThat(small.vcpu().access().readLong(SmallDomain.linear(TARGET) + 16))
                .isEqualTo(0x1122_3344_5566_7788L);
    }

    @Test
    void copiesThatCannotBeAreRefused() {
        grant(REFERENCE, Domain.ID, GRANTED);
        argumentsOfCopy(REFERENCE, 4089, small.mfn(TARGET), 16, 8, 1);
        assertThat(copied()).isEqualTo(GrantStatus.BAD_COPY_ARGUMENT.code());
        argumentsOfCopy(REFERENCE, 0, small.mfn(TARGET), 0xFFFF, 0xFFFF, 1);
        assertThat(copied()).isEqualTo(GrantStatus.BAD_COPY_ARGUMENT.code());
        argumentsOfCopy(REFERENCE, 0, small.neighbour.memory().mfn(3), 0, 8, 1);
        assertThat(copied()).isEqualTo(GrantStatus.BAD_PAGE.code());
        argumentsOfCopy(REFERENCE, 0, small.mfn(SmallDomain.FIRST_L1), 0, 8, 1);
        assertThat(copied()).isEqualTo(GrantStatus.GENERAL_ERROR.code());
        argumentsOfCopy(small.mfn(TARGET), 0, 9999, 0, 8, 2);
        assertThat(copied()).isEqualTo(GrantStatus.BAD_REFERENCE.code());
        put(8, 0, 2);
        assertThat(copied()).isEqualTo(GrantStatus.PERMISSION_DENIED.code());
    }

    @Test
    void framesAreNotTransferred() {
        put(0, small.mfn(TARGET), 8);
        put(8, 0, 2);
        call(TRANSFER, 1);
        assertThat(status(16)).isEqualTo(GrantStatus.PERMISSION_DENIED.code());
        put(0, small.neighbour.memory().mfn(TARGET), 8);
        call(TRANSFER, 1);
        assertThat(status(16)).isEqualTo(GrantStatus.BAD_PAGE.code());
        assertThat(small.domain.frames().isAllocated(TARGET)).isTrue();
    }

    @Test
    void entriesAreSwapped() {
        put(0, REFERENCE, 4);
        put(4, 600, 4);
        call(SWAP, 1);
        assertThat(status(8)).isEqualTo(GrantStatus.BAD_REFERENCE.code());
    }

    @Test
    void whatIsNotThereSaysSo() {
        for (int operation : List.of(3, 12, 13, -1)) {
            assertThat(call(operation, 1)).isEqualTo(XenError.ENOSYS.result());
        }
        assertThat(call(MAP, -1)).isEqualTo(XenError.EINVAL.result());
        long[] wild = {COPY, 0xFFFF_8000_0000_1000L, 1, 0, 0, 0};
        assertThat(table.call(small.vcpu(), GRANT_TABLE_OP, wild)).isEqualTo(XenError.EFAULT.result());
    }
}
