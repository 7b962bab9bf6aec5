package dev.simvisor.node.vmm.para.grant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.para.ring.SharedPage;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

final class GrantTableTest {
    private static final int BACKEND = 0;
    private static final int PERMIT = 1;
    private static final int READ_ONLY = 4;
    private static final int READING = 8;
    private static final int WRITING = 16;
    private static final long FRAME = ArrayFrames.FIRST + 7;

    private final ArrayFrames memory = new ArrayFrames();
    private final GrantTable table = new GrantTable(memory);

    private SharedPage entries() {
        return memory.page(table.mfn(0));
    }

    /** Writes an entry as a guest does. */
    private void grant(int reference, int flags, int domain, long mfn) {
        entries().writeInt(8 * reference + 4, (int) mfn);
        entries().writeInt(8 * reference, flags | domain << 16);
    }

    private int flags(int reference) {
        return entries().readInt(8 * reference) & 0xFFFF;
    }

    private static void assertRefused(GrantStatus status, ThrowingCallable use) {
        assertThatThrownBy(use)
                .isInstanceOfSatisfying(
                        GrantRefusedException.class,
                        refused -> assertThat(refused.status()).isEqualTo(status));
    }

    @Test
    void anEntryInUseSaysSoUntilTheLastUseEnds() throws GrantRefusedException {
        grant(8, PERMIT, BACKEND, FRAME);
        GrantedFrame reading = table.open(8, BACKEND, false);
        assertThat(flags(8)).isEqualTo(PERMIT | READING);
        GrantedFrame writing = table.open(8, BACKEND, true);
        assertThat(flags(8)).isEqualTo(PERMIT | READING | WRITING);

        writing.close();
        assertThat(flags(8)).isEqualTo(PERMIT | READING);
        reading.close();
        reading.close();
        assertThat(flags(8)).isEqualTo(PERMIT);
        assertThat(memory.allUses()).isZero();
    }

    @Test
    void whatIsNotGrantedToADomainItCannotUse() {
        grant(8, PERMIT, 3, FRAME);
        assertRefused(GrantStatus.BAD_REFERENCE, () -> table.open(8, BACKEND, false));
        grant(8, 0, BACKEND, FRAME);
        assertRefused(GrantStatus.BAD_REFERENCE, () -> table.open(8, BACKEND, false));
        assertRefused(GrantStatus.BAD_REFERENCE, () -> table.open(512, BACKEND, false));
        assertRefused(GrantStatus.BAD_REFERENCE, () -> table.open(-1, BACKEND, false));
        assertRefused(GrantStatus.BAD_REFERENCE, () -> table.open(Integer.MIN_VALUE, BACKEND, false));
    }

    @Test
    void aReadOnlyGrantIsNotWritten() throws GrantRefusedException {
        grant(8, PERMIT | READ_ONLY, BACKEND, FRAME);

        assertRefused(GrantStatus.GENERAL_ERROR, () -> table.open(8, BACKEND, true));
        table.open(8, BACKEND, false).close();
        assertThat(flags(8)).isEqualTo(PERMIT | READ_ONLY);
    }

    @Test
    void framesThatAreNotTheDomainsOrNotWritableAreRefused() throws GrantRefusedException {
        grant(8, PERMIT, BACKEND, 0x5000);
        assertRefused(GrantStatus.BAD_PAGE, () -> table.open(8, BACKEND, false));
        grant(8, PERMIT, BACKEND, 0xFFFF_FFFFL);
        assertRefused(GrantStatus.BAD_PAGE, () -> table.open(8, BACKEND, false));

        memory.usePageTable(FRAME);
        grant(8, PERMIT, BACKEND, FRAME);
        assertRefused(GrantStatus.GENERAL_ERROR, () -> table.open(8, BACKEND, true));
        table.open(8, BACKEND, false).close();
        assertThat(flags(8)).isEqualTo(PERMIT);
    }

    @Test
    void whatTheGuestDoesToAnEntryInUseChangesNothing() throws GrantRefusedException {
        grant(8, PERMIT, BACKEND, FRAME);
        GrantedFrame use = table.open(8, BACKEND, true);
        grant(8, PERMIT, BACKEND, 0x5000);
        GrantedFrame again = table.open(8, BACKEND, false);

        assertThat(again.mfn()).isEqualTo(FRAME);
        grant(8, 0, 9, 0);
        again.close();
        use.close();
        assertThat(memory.uses(FRAME)).isZero();
    }

    @Test
    void aGrantIsNotUsedWithoutALimit() throws GrantRefusedException {
        grant(8, PERMIT, BACKEND, FRAME);
        for (int i = 0; i < 255; i++) {
            table.open(8, BACKEND, false);
        }
        assertRefused(GrantStatus.NO_SPACE, () -> table.open(8, BACKEND, false));
    }

    @Test
    void theTableGrowsToItsLimit() throws GrantRefusedException {
        assertThat(table.frames()).isEqualTo(1);
        assertThat(table.grow(65)).isFalse();
        assertThat(table.grow(-1)).isFalse();
        assertThat(table.frames()).isEqualTo(1);
        assertThat(table.grow(64)).isTrue();

        table.permit(64 * 512 - 1, BACKEND, FRAME);
        table.open(64 * 512 - 1, BACKEND, true).close();
    }

    @Test
    void entriesThatAreNotInUseCanBeSwapped() throws GrantRefusedException {
        grant(8, PERMIT, BACKEND, FRAME);
        assertThat(table.swap(8, 9)).isEqualTo(GrantStatus.OKAY);
        assertThat(flags(8)).isZero();
        GrantedFrame use = table.open(9, BACKEND, false);
        assertThat(use.mfn()).isEqualTo(FRAME);
        assertThat(table.swap(8, 9)).isEqualTo(GrantStatus.TRY_AGAIN);
        assertThat(table.swap(8, 512)).isEqualTo(GrantStatus.BAD_REFERENCE);
    }
}
