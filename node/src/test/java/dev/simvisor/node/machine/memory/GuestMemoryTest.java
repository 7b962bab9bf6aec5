package dev.simvisor.node.machine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.HostMemory;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
    private static final long MEBIBYTE = 1 << 20;

    private final MachineMemory host = MachineMemory.ofBytes(8 * MEBIBYTE);
    private final GuestMemory memory = new GuestMemory(host, 4 * MEBIBYTE);

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void untouchedPagesReadAsZerosAndTakeNoFrame() {
        assertThat(memory.read(0x1000, 8)).isZero();
        assertThat(memory.directRead(0x1000)).isZero();
        assertThat(memory.isZero(1)).isTrue();
        assertThat(host.allocatedFrames()).isZero();
    }

    @Test
    void aStoreTakesAFrameAndIsReadBackZeroExtended() {
        memory.write(0x2ffe, 2, 0xFFFF_8001L);
        assertThat(memory.read(0x2ffe, 2)).isEqualTo(0x8001);
        assertThat(memory.read(0x2fff, 1)).isEqualTo(0x80);
        assertThat(host.allocatedFrames()).isEqualTo(1);
        assertThat(memory.directRead(0x2000))
                .isEqualTo(memory.directWrite(0x2000))
                .isNotZero();
    }

    @Test
    void aMissingPageHasNoAddressAndIsServedAndMissedOnce() throws Exception {
        memory.write(0x2000, 8, 77);
        BitSet pages = new BitSet();
        pages.set(2, 5);
        byte[] before = hash(memory);
        int[] told = new int[1];
        memory.observeMisses(() -> told[0]++);

        memory.withhold(pages);
        assertThat(memory.directRead(0x2000)).isZero();
        assertThat(memory.isZero(2)).isFalse();
        assertThat(hash(memory)).isEqualTo(before);
        assertThat(told[0]).isZero();
        assertThat(memory.read(0x2000, 8)).isEqualTo(77);
        assertThat(memory.directRead(0x2000)).isNotZero();
        memory.write(0x3000, 1, 5); // nobody had written to it
        assertThat(told[0]).isEqualTo(2);
        pages.clear(4);
        assertThat(memory.takeMissed()).isEqualTo(pages);
        assertThat(memory.takeMissed()).isEqualTo(new BitSet());

        pages.set(4);
        memory.come(pages);
        assertThat(memory.isComplete()).isTrue();
        assertThat(memory.read(0x3000, 1)).isEqualTo(5);
        memory.write(0x4000, 1, 6);
        assertThat(told[0]).isEqualTo(2);
    }

    @Test
    void framesOfMissingPagesGoBackToTheHost() {
        memory.write(0x2000, 8, 77);
        BitSet pages = new BitSet();
        pages.set(2);
        memory.withhold(pages);

        memory.close();

        assertThat(host.allocatedFrames()).isZero();
    }

    @Test
    void copiesCrossPages() {
        byte[] bytes = new byte[3 * 4096];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 7);
        }
        assertThat(memory.write(0x3800, bytes)).isTrue();
        byte[] back = new byte[bytes.length];
        assertThat(memory.read(0x3800, back, 0, back.length)).isTrue();
        assertThat(back).isEqualTo(bytes);
    }

    @Test
    void aCopyThatLeavesMemoryIsRefusedWhole() {
        byte[] bytes = {1, 2, 3, 4};
        assertThat(memory.write(4 * MEBIBYTE - 2, bytes)).isFalse();
        assertThat(memory.read(4 * MEBIBYTE - 2, 2)).isZero();
        assertThat(memory.read(Long.MAX_VALUE - 1, bytes, 0, 4)).isFalse();
        assertThat(memory.write(GuestMemory.DISPLAY_START - 1, bytes)).isFalse();
    }

    @Test
    void thereIsNoMemoryInTheDisplayGap() {
        assertThat(memory.isMemory(0x9F)).isTrue();
        assertThat(memory.isMemory(0xA0)).isFalse();
        assertThat(memory.isMemory(0xBF)).isFalse();
        assertThat(memory.isMemory(0xC0)).isTrue();
        assertThat(memory.directWrite(GuestMemory.DISPLAY_START)).isZero();
    }

    @Test
    void whatExceedsThreeGibibytesLiesFromFourOn() {
        MachineMemory large = MachineMemory.ofBytes(4L << 30);
        try (GuestMemory high = new GuestMemory(large, 4L << 30)) {
            assertThat(high.lowEnd()).isEqualTo(0xC000_0000L);
            assertThat(high.highEnd()).isEqualTo(0x1_4000_0000L);
            assertThat(high.isMemory(0xC_0000)).isFalse();
            assertThat(high.isMemory(0x10_0000)).isTrue();
            high.write(0x1_3FFF_FFF8L, 8, 42);
            assertThat(high.read(0x1_3FFF_FFF8L, 8)).isEqualTo(42);
        }
        large.close();
    }

    @Test
    void dirtyLoggingSeesStoresByWhomeverOncePerRound() {
        memory.write(0x1000, 1, 1);
        memory.startDirtyLog();
        assertThat(memory.directWrite(0x1000)).isZero();
        memory.write(0x1000, 1, 2);
        assertThat(memory.directWrite(0x1000)).isNotZero();
        memory.write(0x5000, new byte[0x2000]);
        assertThat(memory.dirtyCount()).isEqualTo(3);
        assertThat(memory.takeDirty()).isEqualTo(bits(1, 5, 6));

        assertThat(memory.directWrite(0x1000)).isZero();
        memory.clearPage(5);
        assertThat(memory.takeDirty()).isEqualTo(bits(5));

        memory.stopDirtyLog();
        assertThat(memory.directWrite(0x1000)).isNotZero();
    }

    @Test
    void protectingPagesTellsWhoeverHoldsAddresses() {
        List<String> told = new ArrayList<>();
        memory.observeMappings(new GuestMemory.MappingObserver() {
            @Override
            public void writesProtected() {
                told.add("writes");
            }

            @Override
            public void framesReplaced() {
                told.add("frames");
            }

            @Override
            public void frameExchanged(int gfn, int from, int to) {
                told.add("exchanged");
            }
        });
        memory.write(0x1000, 1, 1);
        memory.startDirtyLog();
        memory.takeDirty();
        memory.clearPage(1);
        memory.clearPage(2);
        assertThat(told).containsExactly("writes", "writes", "frames");
    }

    @Test
    void storesToWatchedCodeAreReportedUntilItIsUnwatched() {
        List<Long> written = new ArrayList<>();
        memory.watchCodeWith((address, length) -> written.add(address));
        memory.watchCode(0x7000);
        assertThat(memory.directWrite(0x7000)).isZero();
        memory.write(0x7010, 4, 1);
        memory.write(0x6ffe, new byte[4]);
        memory.unwatchCode(0x7000);
        memory.write(0x7020, 4, 1);
        assertThat(written).containsExactly(0x7010L, 0x7000L);
        assertThat(memory.directWrite(0x7000)).isNotZero();
    }

    @Test
    void aPageOfZerosHashesAsAnUntouchedOne() throws Exception {
        try (GuestMemory other = new GuestMemory(host, 4 * MEBIBYTE)) {
            other.write(0x9000, 8, 5);
            other.write(0x9000, 8, 0);
            assertThat(hash(other)).isEqualTo(hash(memory));
            other.write(0x9000, 8, 5);
            assertThat(hash(other)).isNotEqualTo(hash(memory));
        }
    }

    @Test
    void aHostRefusesMoreThanItHas() {
        assertThatThrownBy(() -> new GuestMemory(host, 5 * MEBIBYTE))
                .isInstanceOf(MachineMemoryExhausted.class)
                .hasMessage("no room for 5 MiB: 4 of 8 MiB of this host's memory are reserved");
    }

    @Test
    void closingGivesFramesAndReservationBack() {
        memory.write(0x1000, 1, 1);
        memory.close();
        assertThat(host.allocatedFrames()).isZero();
        assertThat(host.reservedFrames()).isZero();
    }

    @Test
    void aFrameThatIsUsedAgainIsZero() {
        int mfn = host.allocate();
        HostMemory.putLong(host.addressOf(mfn), -1);
        host.release(mfn);
        int again = host.allocate();
        assertThat(again).isEqualTo(mfn);
        assertThat(HostMemory.getLong(host.addressOf(again))).isZero();
    }

    private static byte[] hash(GuestMemory memory) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        memory.digest(digest);
        return digest.digest();
    }

    private static BitSet bits(int... set) {
        BitSet bits = new BitSet();
        for (int bit : set) {
            bits.set(bit);
        }
        return bits;
    }
}
