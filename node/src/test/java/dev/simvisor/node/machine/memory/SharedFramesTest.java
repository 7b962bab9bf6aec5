package dev.simvisor.node.machine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Memory that was taken from another's shares its frames until either is written to. */
class SharedFramesTest {
    private static final long MEBIBYTE = 1 << 20;
    private static final int PAGES = 16;
    private static final int PAGE = 4096;

    private final MachineMemory host = MachineMemory.ofBytes(16 * MEBIBYTE);
    private final GuestMemory original = new GuestMemory(host, MEBIBYTE);
    private final GuestMemory clone = new GuestMemory(host, MEBIBYTE);

    @AfterEach
    void closeHost() {
        host.close();
    }

    private void fillAndClone() {
        for (int gfn = 0; gfn < PAGES; gfn++) original.write((long) gfn << 12, 8, 100 + gfn);
        clone.takeFrom(original);
    }

    @Test
    void cloneReadsTheSameAndTakesNoFrames() {
        fillAndClone();
        for (int gfn = 0; gfn < PAGES; gfn++)
            assertThat(clone.read((long) gfn << 12, 8)).isEqualTo(100 + gfn);
        assertThat(host.allocatedFrames()).isEqualTo(PAGES);
        assertThat(clone.isTouched(PAGES)).isFalse();
        assertThat(clone.touchedPages()).isEqualTo(original.touchedPages()).isEqualTo(PAGES);
        assertThat(host.reservedFrames()).isEqualTo(2 * 256);
    }

    @Test
    void whoWritesFirstGetsAFrameAndTheOtherKeepsItsOwn() {
        fillAndClone();
        clone.write(0x1010, 1, 7);
        original.write(0x2010, 1, 8);
        assertThat(host.allocatedFrames()).isEqualTo(PAGES + 2);
        assertThat(original.read(0x1010, 1)).isZero();
        assertThat(clone.read(0x2010, 1)).isZero();
        assertThat(clone.read(0x1000, 8)).isEqualTo(101);
        assertThat(original.read(0x2000, 8)).isEqualTo(102);

        original.write(0x1010, 1, 9);
        clone.write(0x2010, 1, 10);
        assertThat(host.allocatedFrames()).isEqualTo(PAGES + 2);
        assertThat(clone.read(0x1010, 1)).isEqualTo(7);
        assertThat(original.read(0x2010, 1)).isEqualTo(8);
        assertThat(clone.touchedPages()).isEqualTo(PAGES);
        clone.clearPage(1);
        clone.clearPage(PAGES);
        assertThat(clone.touchedPages()).isEqualTo(PAGES - 1);
        assertThat(original.touchedPages()).isEqualTo(PAGES);
    }

    @Test
    void sharedPagesAreNotWrittenDirectlyUntilTheyAreOwned() {
        fillAndClone();
        assertThat(clone.directWrite(0x1000)).isZero();
        assertThat(original.directWrite(0x1000)).isZero();
        assertThat(clone.directRead(0x1000)).isEqualTo(original.directRead(0x1000));
        clone.write(0x1000, 1, 0);
        assertThat(clone.directWrite(0x1000)).isNotZero().isEqualTo(clone.directRead(0x1000));
        assertThat(original.directWrite(0x1000)).isZero();
    }

    @Test
    void devicesGetFramesOfTheirOwnToo() {
        fillAndClone();
        clone.write(0x1800, new byte[PAGE]);
        assertThat(host.allocatedFrames()).isEqualTo(PAGES + 2);
        assertThat(original.read(0x2000, 8)).isEqualTo(102);
        assertThat(clone.read(0x2000, 8)).isZero();
    }

    @Test
    void whoHoldsAddressesIsToldWhereToTheyMoved() {
        List<String> told = new ArrayList<>();
        fillAndClone();
        clone.observeMappings(new GuestMemory.MappingObserver() {
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
                boolean right = host.addressOf(from) == original.directRead(0x1000)
                        && host.addressOf(to) == clone.directRead(0x1000);
                told.add(gfn == 1 && right ? "exchanged" : "astray");
            }
        });
        clone.write(0x1000, 1, 1);
        original.write(0x2000, 1, 1);
        clone.write(0x2000, 1, 1);
        assertThat(told).containsExactly("exchanged");
        new GuestMemory(host, MEBIBYTE).takeFrom(clone);
        assertThat(told).containsExactly("exchanged", "writes");
    }

    @Test
    void frameMayBeKnownByItsNumberAndSharedAllTheSame() {
        fillAndClone();
        assertThat(clone.frameOf(1)).isEqualTo(original.frameOf(1));
        clone.write(0x1000, 8, 1);
        assertThat(clone.frameOf(1)).isNotEqualTo(original.frameOf(1));
        assertThat(original.read(0x1000, 8)).isEqualTo(101);
    }

    @Test
    void clearedPageLeavesTheOthers() {
        fillAndClone();
        clone.clearPage(1);
        assertThat(clone.isZero(1)).isTrue();
        assertThat(original.read(0x1000, 8)).isEqualTo(101);
        clone.write(0x1000, 8, 5);
        original.write(0x1000, 8, 6);
        assertThat(clone.read(0x1000, 8)).isEqualTo(5);
    }

    @Test
    void dirtyLogSeesStoresToSharedPages() {
        fillAndClone();
        original.startDirtyLog();
        original.write(0x1000, 1, 1);
        assertThat(original.takeDirty().cardinality()).isEqualTo(1);
        original.stopDirtyLog();
        assertThat(original.directWrite(0x2000)).isZero();
        assertThat(original.directWrite(0x1000)).isNotZero();
    }

    @Test
    void otherShapeIsNotTaken() {
        GuestMemory larger = new GuestMemory(host, 2 * MEBIBYTE);
        assertThatThrownBy(() -> larger.takeFrom(original)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void pagesOfAnotherHostAreCopied() {
        MachineMemory elsewhere = MachineMemory.ofBytes(MEBIBYTE);
        GuestMemory far = new GuestMemory(elsewhere, MEBIBYTE);
        original.write(0x1000, 8, 101);
        far.takeFrom(original);
        assertThat(far.read(0x1000, 8)).isEqualTo(101);
        assertThat(far.directWrite(0x1000)).isNotZero();
        elsewhere.close();
    }

    @Test
    void familiesOfClonesKeepToThemselvesWhateverIsDone() {
        for (int seed = 1; seed <= 50; seed++) {
            new Family(seed).live();
        }
    }

    @Test
    void clonesThatWriteAtOnceOnThreadsOfTheirOwnKeepToThemselves() throws Exception {
        for (int round = 0; round < 50; round++) {
            MachineMemory machine = MachineMemory.ofBytes(8 * MEBIBYTE);
            GuestMemory first = new GuestMemory(machine, MEBIBYTE);
            for (int gfn = 0; gfn < PAGES; gfn++) first.write((long) gfn << 12, 8, gfn);
            List<GuestMemory> all = new ArrayList<>(List.of(first));
            while (all.size() < 4) {
                GuestMemory next = new GuestMemory(machine, MEBIBYTE);
                next.takeFrom(first);
                all.add(next);
            }
            List<Thread> threads = new ArrayList<>();
            for (GuestMemory memory : all) {
                long mark = 1000L * (1 + all.indexOf(memory));
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int gfn = 0; gfn < PAGES; gfn++) memory.write(((long) gfn << 12) + 8, 8, mark + gfn);
                }));
            }
            for (Thread thread : threads) thread.join();
            for (GuestMemory memory : all) {
                for (int gfn = 0; gfn < PAGES; gfn++) {
                    assertThat(memory.read((long) gfn << 12, 8)).isEqualTo(gfn);
                    assertThat(memory.read(((long) gfn << 12) + 8, 8))
                            .isEqualTo(1000L * (1 + all.indexOf(memory)) + gfn);
                }
                memory.close();
            }
            assertThat(machine.allocatedFrames()).isZero();
            machine.close();
        }
    }

    /** Clones and clones of clones beside arrays of what they should hold. */
    private static final class Family {
        private static final int MOST = 6;

        private final Random random;
        private final String description;
        private final MachineMemory machine = MachineMemory.ofBytes(MOST * MEBIBYTE);
        private final List<GuestMemory> members = new ArrayList<>();
        private final List<byte[]> expected = new ArrayList<>();
        private final PageSharing sharing = new PageSharing();

        Family(int seed) {
            random = new Random(seed);
            description = "seed " + seed;
            members.add(new GuestMemory(machine, MEBIBYTE));
            expected.add(new byte[PAGES * PAGE]);
        }

        void live() {
            for (int step = 0; step < 400; step++) {
                step();
                check(random.nextInt(members.size()));
            }
            for (int n = 0; n < members.size(); n++) check(n);
            members.forEach(GuestMemory::close);
            assertThat(machine.allocatedFrames()).as(description).isZero();
            assertThat(machine.reservedFrames()).as(description).isZero();
            machine.close();
        }

        private void step() {
            int n = random.nextInt(members.size());
            GuestMemory member = members.get(n);
            int gfn = random.nextInt(PAGES);
            switch (random.nextInt(13)) {
                case 0 -> {
                    if (members.size() < MOST) born(n);
                }
                case 1 -> {
                    if (members.size() > 1) die(n);
                }
                case 2 -> {
                    member.clearPage(gfn);
                    Arrays.fill(expected.get(n), gfn * PAGE, (gfn + 1) * PAGE, (byte) 0);
                }
                case 12 -> sharing.look(members);
                case 3 -> member.frameOf(gfn);
                case 4 -> member.startDirtyLog();
                case 5 -> member.stopDirtyLog();
                case 6, 7 -> {
                    byte[] bytes = new byte[1 + random.nextInt(3000)];
                    random.nextBytes(bytes);
                    int at = random.nextInt(PAGES * PAGE - bytes.length);
                    member.write(at, bytes);
                    System.arraycopy(bytes, 0, expected.get(n), at, bytes.length);
                }
                default -> {
                    int at = gfn * PAGE + random.nextInt(PAGE);
                    byte value = (byte) random.nextInt();
                    member.write(at, 1, value);
                    expected.get(n)[at] = value;
                }
            }
        }

        private void born(int parent) {
            GuestMemory child = new GuestMemory(machine, MEBIBYTE);
            child.takeFrom(members.get(parent));
            members.add(child);
            expected.add(expected.get(parent).clone());
        }

        private void die(int n) {
            members.remove(n).close();
            expected.remove(n);
        }

        private void check(int n) {
            byte[] found = new byte[PAGES * PAGE];
            assertThat(members.get(n).read(0, found, 0, found.length)).isTrue();
            assertThat(found).as(description).isEqualTo(expected.get(n));
            Set<Long> writable = new HashSet<>();
            for (GuestMemory member : members) {
                for (int gfn = 0; gfn < PAGES; gfn++) {
                    long host = member.isTouched(gfn) ? member.directWrite((long) gfn << 12) : 0;
                    assertThat(host == 0 || writable.add(host)).as(description).isTrue();
                }
            }
        }
    }
}
