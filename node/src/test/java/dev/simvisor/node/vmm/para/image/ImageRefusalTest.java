package dev.simvisor.node.vmm.para.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.image.Hosts.Saved;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import dev.simvisor.proto.state.CpuState;
import dev.simvisor.proto.state.PhysicalRunState;
import dev.simvisor.proto.state.PinnedFrameState;
import dev.simvisor.proto.state.SuspendedDomainState;
import dev.simvisor.proto.state.SuspendedVcpuState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Images that no guest can have brought about are refused with one line, whatever is wrong with them. */
class ImageRefusalTest {
    private final Hosts hosts = new Hosts();
    private Saved saved = new Saved(List.of(), SuspendedDomainState.getDefaultInstance(), "");

    @BeforeEach
    void save() throws Exception {
        ParavirtualMachine machine = hosts.booted("");
        hosts.runUntilSaid(machine, "> ");
        Hosts.suspend(machine);
        saved = Hosts.save(machine);
        hosts.close(machine);
    }

    @AfterEach
    void close() {
        hosts.close();
    }

    // ---- state

    private void assertRefused(Saved image, String reason) {
        assertThatThrownBy(() -> hosts.restored(1, image))
                .isInstanceOf(UnusableStateException.class)
                .hasMessageContaining(reason);
    }

    private Saved with(Consumer<SuspendedDomainState.Builder> change) {
        SuspendedDomainState.Builder state = saved.state().toBuilder();
        change.accept(state);
        return new Saved(saved.pages(), state.build(), "");
    }

    private Saved withVcpu(Consumer<SuspendedVcpuState.Builder> change) {
        return with(state -> change.accept(state.getVcpusBuilder(0)));
    }

    private Saved withProcessor(Consumer<CpuState.Builder> change) {
        return withVcpu(vcpu -> change.accept(vcpu.getProcessorBuilder()));
    }

    @Test
    void stateOfAnotherVersionOrShape() {
        assertRefused(with(state -> state.setVersion(2)), "version 2: expected 1");
        assertRefused(
                with(state -> state.setMemoryBytes(4096)), "4096 bytes, 100000000 Hz and 1 vCPUs: expected 8388608");
        assertRefused(with(SuspendedDomainState.Builder::clearVcpus), "and 0 vCPUs");
        assertRefused(with(state -> state.setVcpus(0, SuspendedVcpuState.getDefaultInstance())), "no first vCPU");
        assertRefused(with(state -> state.setCycles(-1)), "no time");
    }

    @Test
    void framesThatAreNotTheDomains() {
        assertRefused(
                with(state -> state.addPinned(
                        PinnedFrameState.newBuilder().setGfn(1 << 20).setLevel(4))),
                "a page table of level 4 in frame 1048576");
        assertRefused(
                with(state ->
                        state.addPinned(PinnedFrameState.newBuilder().setGfn(7).setLevel(5))),
                "a page table of level 5");
        assertRefused(
                with(state -> state.addMachineToPhysical(
                        PhysicalRunState.newBuilder().setFirstGfn(2000).setCount(100))),
                "saved state numbers 100 frames from 2000 on, of 2048");
        assertRefused(with(state -> state.setStartInfo(-5)), "its start info in frame -5");
        assertRefused(with(state -> state.setStoreRing(1 << 30)), "has rings in frames");
        assertRefused(withVcpu(vcpu -> vcpu.addGdtFrames(-2)), "not that of a paravirtual guest");
    }

    @Test
    void framesThatAreUsedForTwoThings() {
        int root = saved.state().getVcpus(0).getKernelTable();
        assertRefused(with(state -> state.setStartInfo(root)), "its start info in frame " + root);
        assertRefused(with(state -> state.setStoreRing(root)), "has rings in frames");
        assertRefused(with(state -> state.getConsoleBuilder().setGfn(root)), "has rings in frames");
        assertRefused(
                with(state -> state.addPinned(
                        PinnedFrameState.newBuilder().setGfn(root).setLevel(1))),
                "a page table of two levels");
        assertRefused(withVcpu(vcpu -> vcpu.addGdtFrames(root)), "not that of a paravirtual guest");
    }

    @Test
    void registersThatNoGuestCanHave() {
        assertRefused(
                withVcpu(vcpu -> vcpu.getCallbacksBuilder(0).setAddress(1L << 50)), "a callback at 0x4000000000000");
        assertRefused(withVcpu(vcpu -> vcpu.setKernelMode(false).setUserTable(-1)), "in user mode without page tables");
        assertRefused(withVcpu(vcpu -> vcpu.setLdtEntries(9000)), "an LDT of 9000 entries");
        assertRefused(withProcessor(cpu -> cpu.setInstructionPointer(1L << 60)), "segments that cannot be loaded");
        assertRefused(
                withProcessor(cpu -> cpu.getSegmentsBuilder(SegmentRegister.CS).setSelector(0)),
                "segments that cannot be loaded");
        assertRefused(withProcessor(cpu -> cpu.setInstructionsExecuted(-1)), "a count of -1 instructions");
        assertRefused(withProcessor(cpu -> cpu.setModel("another")), "CPU model another");
        assertRefused(withProcessor(CpuState.Builder::clearXmm), "0 XMM halves");
        assertRefused(withProcessor(CpuState.Builder::clearSegments), "0 segment registers");
    }

    @Test
    void privilegeIsNotTakenFromTheImage() throws Exception {
        Saved forged = withProcessor(cpu -> cpu.setCr0(0)
                .setCr4(0)
                .setCr3(0)
                .setFlags(cpu.getFlags() | 3 << 12)
                .setGdtr(dev.simvisor.proto.state.DescriptorTableState.newBuilder()
                        .setBase(64)));
        ParavirtualMachine machine = hosts.restored(1, forged);
        var cpu = machine.domain().vcpu(0).cpu();
        assertThat(cpu.cpl).isEqualTo(3);
        assertThat(cpu.rflags() & 3 << 12).isZero();
        assertThat(machine.stateHash()).isEqualTo(hosts.restored(1, saved).stateHash());
    }

    // ---- page tables

    /** The image with an entry of the kernel's lowest tables changed: the first that maps a page. */
    private Saved withFirstPage(java.util.function.LongUnaryOperator change) {
        List<byte[]> pages = new ArrayList<>(saved.pages());
        int table = saved.state().getVcpus(0).getKernelTable();
        for (int level = 4; level > 1; level--)
            table = (int) PageTableEntry.mfn(entry(pages.get(table), first(pages.get(table))));
        byte[] page = pages.get(table).clone();
        int index = first(page);
        little(page).putLong(8 * index, change.applyAsLong(entry(page, index)));
        pages.set(table, page);
        return new Saved(pages, saved.state(), "");
    }

    private static int first(byte[] table) {
        int index = 0;
        while (!PageTableEntry.isPresent(entry(table, index))) index++;
        return index;
    }

    private static long entry(byte[] table, int index) {
        return little(table).getLong(8 * index);
    }

    private static ByteBuffer little(byte[] page) {
        return ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void pageTableThatLeadsOutOfTheDomain() {
        assertRefused(
                withFirstPage(entry -> PageTableEntry.withFrame(entry, 0x12345)),
                "a page table of the saved state maps frame 0x12345");
    }

    @Test
    void pageTableThatMapsAPageTableWritable() {
        int root = saved.state().getVcpus(0).getKernelTable();
        assertRefused(
                withFirstPage(entry -> PageTableEntry.withFrame(entry, root) | PageTableEntry.WRITABLE),
                "not that of a paravirtual guest");
    }

    // ---- anything

    /** Whatever is changed, the image is refused, or becomes a guest that can harm itself alone. */
    @Test
    void damagedImagesHarmNobody() {
        long seed = Long.getLong("seed", 3);
        Random random = new Random(seed);
        int refused = 0;
        for (int n = 0; n < 300; n++) {
            Saved damaged = damaged(random);
            ParavirtualMachine machine = hosts.machine(1);
            try {
                for (int gfn = 0; gfn < damaged.pages().size(); gfn++) {
                    machine.domain()
                            .memory()
                            .memory()
                            .writePage(gfn, damaged.pages().get(gfn), 0);
                }
                machine.restore(damaged.state());
                machine.stateHash();
                machine.resume();
                Hosts.runFor(machine, 3);
            } catch (UnusableStateException refusal) {
                assertThat(refusal.getMessage())
                        .as("image %d of seed %d", n, seed)
                        .doesNotContain("\n");
                refused++;
            }
            hosts.close(machine);
        }
        assertThat(refused).isBetween(20, 299);
    }

    private Saved damaged(Random random) {
        List<byte[]> pages = new ArrayList<>(saved.pages());
        if (random.nextBoolean()) {
            List<PinnedFrameState> pinned = saved.state().getPinnedList();
            int gfn = random.nextBoolean()
                    ? random.nextInt(pages.size())
                    : pinned.get(random.nextInt(pinned.size())).getGfn();
            byte[] page = pages.get(gfn).clone();
            for (int n = 0; n < 8; n++) page[random.nextInt(page.length)] ^= (byte) (1 << random.nextInt(8));
            pages.set(gfn, page);
            return new Saved(pages, saved.state(), "");
        }
        byte[] bytes = saved.state().toByteArray();
        while (true) {
            byte[] changed = bytes.clone();
            changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                return new Saved(pages, SuspendedDomainState.parseFrom(changed), "");
            } catch (InvalidProtocolBufferException again) {
                // That much the message's own format finds.
            }
        }
    }
}
