package dev.simvisor.node.machine.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Pages of the same contents come to share a frame, and nobody can tell. */
class PageSharingTest {
    private static final long MEBIBYTE = 1 << 20;

    private final MachineMemory host = MachineMemory.ofBytes(16 * MEBIBYTE);
    private final GuestMemory first = new GuestMemory(host, MEBIBYTE);
    private final GuestMemory second = new GuestMemory(host, 2 * MEBIBYTE);
    private final GuestMemory third = new GuestMemory(host, MEBIBYTE);
    private final PageSharing sharing = new PageSharing();

    @AfterEach
    void closeHost() {
        host.close();
    }

    private void lookTwice() {
        sharing.look(List.of(first, second, third));
        sharing.look(List.of(first, second, third));
    }

    private static void fill(GuestMemory memory, int gfn, long value) {
        memory.write((long) gfn << 12, 8, value);
    }

    private static long read(GuestMemory memory, int gfn) {
        return memory.read((long) gfn << 12, 8);
    }

    @Test
    void equalPagesShareAFrameUntilOneIsWritten() {
        fill(first, 1, 42);
        fill(second, 7, 42);
        fill(third, 3, 42);
        fill(third, 4, 43);
        lookTwice();
        assertThat(host.allocatedFrames()).isEqualTo(2);
        assertThat(host.savedFrames()).isEqualTo(2);
        assertThat(first.directRead(0x1000)).isEqualTo(second.directRead(0x7000));

        fill(second, 7, 44);
        assertThat(host.allocatedFrames()).isEqualTo(3);
        assertThat(host.savedFrames()).isEqualTo(1);
        assertThat(List.of(read(first, 1), read(second, 7), read(third, 3), read(third, 4)))
                .containsExactly(42L, 44L, 42L, 43L);
    }

    @Test
    void pagesThatDifferInOneBitAreNotShared() {
        fill(first, 1, 42);
        fill(second, 1, 42);
        second.write(0x1FFF, 1, 1);
        lookTwice();
        assertThat(host.savedFrames()).isZero();
    }

    @Test
    void pageThatChangesFromLookToLookKeepsItsFrame() {
        fill(first, 1, 1);
        fill(second, 1, 1);
        for (int n = 2; n < 6; n++) {
            sharing.look(List.of(first, second));
            fill(first, 1, n);
            fill(second, 1, n);
        }
        sharing.look(List.of(first, second));
        assertThat(host.savedFrames()).isZero();
        sharing.look(List.of(first, second));
        assertThat(host.savedFrames()).isEqualTo(1);
    }

    @Test
    void frameIsAtMostOnePageOfEachVm() {
        for (int gfn = 0; gfn < 3; gfn++) fill(first, gfn, 5);
        for (int gfn = 10; gfn < 14; gfn++) fill(second, gfn, 5);
        lookTwice();
        assertThat(host.allocatedFrames()).isEqualTo(4);
        assertThat(first.directRead(0)).isEqualTo(second.directRead(0xA000)).isNotEqualTo(first.directRead(0x1000));

        fill(first, 0, 6);
        lookTwice();
        assertThat(host.allocatedFrames()).isEqualTo(5);
        assertThat(read(second, 10)).isEqualTo(5);
    }

    @Test
    void pagesOfZerosAreSharedLikeAnyOther() {
        fill(first, 1, 0);
        fill(second, 1, 0);
        lookTwice();
        assertThat(host.allocatedFrames()).isEqualTo(1);
        fill(second, 1, 9);
        assertThat(first.isZero(1)).isTrue();
    }

    @Test
    void pagesThatAreMissingAreLeftAlone() {
        fill(first, 1, 42);
        fill(second, 1, 42);
        second.withhold(bits(1));
        lookTwice();
        assertThat(host.savedFrames()).isZero();
        second.come(bits(1));
        lookTwice();
        assertThat(host.savedFrames()).isEqualTo(1);
    }

    private static BitSet bits(int gfn) {
        BitSet bits = new BitSet();
        bits.set(gfn);
        return bits;
    }

    @Test
    void sharedPagesAreLoggedWhenWritten() {
        fill(first, 1, 42);
        fill(second, 1, 42);
        first.startDirtyLog();
        lookTwice();
        assertThat(first.dirtyCount()).isZero();
        fill(first, 1, 43);
        assertThat(first.takeDirty()).isEqualTo(bits(1));
        assertThat(read(second, 1)).isEqualTo(42);
    }

    @Test
    void framesComeBackWhenVmsEnd() {
        fill(first, 1, 42);
        fill(second, 1, 42);
        lookTwice();
        second.close();
        assertThat(host.savedFrames()).isZero();
        sharing.look(List.of(first));
        fill(first, 1, 43);
        first.close();
        assertThat(host.allocatedFrames()).isZero();
    }
}
