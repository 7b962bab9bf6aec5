package dev.simvisor.node.vmm.memory;

import static dev.simvisor.node.vmm.memory.PagingGuest.GLOBAL;
import static dev.simvisor.node.vmm.memory.PagingGuest.LARGE;
import static dev.simvisor.node.vmm.memory.PagingGuest.PRESENT;
import static dev.simvisor.node.vmm.memory.PagingGuest.USER;
import static dev.simvisor.node.vmm.memory.PagingGuest.WRITABLE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BareMode;
import dev.simvisor.node.vmm.mode.BoardMode;
import dev.simvisor.node.vmm.mode.DeprivilegedMode;
import dev.simvisor.node.vmm.mode.HardwareMode;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Kernels that edit their page tables, under shadow page tables and without a VMM: they must not be able to tell. */
class ShadowPageTablesTest {
    private static final int ALL = PRESENT | WRITABLE;
    private static final long HOST_MEMORY = 64L << 20;
    /** Prime, so that comparisons fall anywhere in an operation. */
    private static final int COMPARED_EVERY = 13;

    private static int data(int frame) {
        return PagingGuest.FIRST_DATA_FRAME + frame << 12;
    }

    // ---- one thing at a time

    @ParameterizedTest
    @EnumSource
    void aPageThatIsMappedElsewhereIsReadElsewhere(PagingGuest.Form form) {
        PagingGuest guest = withAreaZero(form);
        guest.mapPage(0, 0, data(0) | ALL).read(guest.linear(0, 0, 0));
        guest.mapPage(0, 0, data(1) | ALL).read(guest.linear(0, 0, 0));
        assertThat(run(guest).sum).isEqualTo(0x1111 + 0x2222);
    }

    @ParameterizedTest
    @EnumSource
    void aReadOnlyPageIsWritableToAKernelWithoutWriteProtection(PagingGuest.Form form) {
        PagingGuest guest = withAreaZero(form);
        long linear = guest.linear(0, 0, 0);
        guest.mapPage(0, 0, data(0) | PRESENT).write(linear, 5).read(linear);
        guest.toggleWriteProtect().write(linear, 7).read(linear);
        // A present page, written by a supervisor: error code 3.
        assertThat(run(guest).sum).isEqualTo(5 + (int) linear + 3 + 5);
    }

    @ParameterizedTest
    @EnumSource
    void aLargePageLeadsToAllOfItsFrames(PagingGuest.Form form) {
        PagingGuest guest = new PagingGuest(form);
        guest.mapArea(0, LARGE | ALL);
        for (int page = 0; page < 4; page++) guest.read(guest.linear(0, page, 0));
        guest.write(guest.linear(0, 1, 0), 0x5555).read(guest.linear(0, 1, 0));
        guest.mapArea(0, PagingGuest.pageTable(0) | ALL).read(guest.linear(0, 1, 0));
        // The area's page table is empty: the last read faults with error code 0.
        assertThat(run(guest).sum).isEqualTo(0x1111 * (1 + 2 + 3 + 4) + 0x5555 + (int) guest.linear(0, 1, 0));
    }

    @ParameterizedTest
    @EnumSource
    void aPageTableThatIsWrittenOverAndOverIsStillFollowed(PagingGuest.Form form) {
        PagingGuest guest = withAreaZero(form);
        guest.mapPage(0, 0, data(0) | ALL).read(guest.linear(0, 0, 0));
        for (int n = 0; n < 20; n++) guest.write(guest.pageTableEntry(0, 1 + n % 4), data(n % 4) | ALL);
        guest.invalidateAll().mapPage(0, 0, data(2) | ALL).read(guest.linear(0, 0, 0));
        guest.read(guest.linear(0, 4, 0));
        assertThat(run(guest).sum).isEqualTo(0x1111 + 0x3333 + 0x4444);
    }

    @ParameterizedTest
    @EnumSource
    void aPageTableIsDataToWhoeverMapsIt(PagingGuest.Form form) {
        PagingGuest guest = withAreaZero(form);
        guest.mapPage(0, 0, PagingGuest.pageTable(0) | ALL);
        guest.write(guest.linear(0, 0, guest.entryOffset(1)), data(3) | ALL).invalidateAll();
        guest.read(guest.linear(0, 1, 0));
        assertThat(run(guest).sum).isEqualTo(0x4444);
    }

    @ParameterizedTest
    @EnumSource
    void theVmmMakesRoomWhereTheGuestMapsSomething(PagingGuest.Form form) {
        PagingGuest guest = new PagingGuest(form);
        int last = PagingGuest.AREAS - 1;
        guest.mapArea(last, PagingGuest.pageTable(last) | ALL).mapPage(last, 0, data(4) | ALL);
        guest.read(guest.linear(last, 0, 0)).write(guest.linear(last, 0, 0), 6).read(guest.linear(last, 0, 0));
        guest.mapArea(last, 0).read(guest.linear(last, 0, 0));
        assertThat(run(guest).sum).isEqualTo(0x5555 + 6 + (int) guest.linear(last, 0, 0));
    }

    @ParameterizedTest
    @EnumSource
    void aGlobalPageThatIsInvalidatedIsForgotten(PagingGuest.Form form) {
        PagingGuest guest = withAreaZero(form);
        guest.mapPage(0, 0, data(0) | ALL | GLOBAL).read(guest.linear(0, 0, 0)).reload();
        guest.read(guest.linear(0, 0, 0));
        guest.mapPage(0, 0, data(1) | ALL | GLOBAL).read(guest.linear(0, 0, 0));
        assertThat(run(guest).sum).isEqualTo(0x1111 + 0x1111 + 0x2222);
    }

    @Test
    void whereAPaeGuestHasNoDirectoryIsRoomForTheVmm() {
        PagingGuest guest = new PagingGuest(PagingGuest.Form.PAE).mappingOneGigabyte();
        guest.read(guest.linear(0, 2, 0)).read(guest.linear(2, 0, 0));
        Run run = run(guest);
        assertThat(run.sum).isEqualTo(0x3333 + (int) guest.linear(2, 0, 0));
        assertThat(run.ledger.total(ExitKind.INTERPRETED)).isZero();
    }

    @ParameterizedTest
    @EnumSource(names = {"THIRTY_TWO_BIT", "PAE"})
    void aGuestMayMapEverything(PagingGuest.Form form) {
        PagingGuest guest = new PagingGuest(form).mappingEverything();
        guest.read(guest.linear(0, 2, 0)).write(guest.linear(1, 2, 0), 9).read(guest.linear(0, 2, 0));
        Run run = run(guest);
        assertThat(run.sum).isEqualTo(0x3333 + 9);
        assertThat(run.ledger.total(ExitKind.INTERPRETED)).isZero();
    }

    @ParameterizedTest
    @EnumSource(names = {"THIRTY_TWO_BIT", "PAE"})
    void andUseAllOfIt(PagingGuest.Form form) {
        PagingGuest guest = new PagingGuest(form).mappingEverything();
        int read = 0;
        for (long base = 1L << 22; base < 1L << 32; base += 1L << 22) {
            guest.read(base + data(1)).write(base + data(2), (int) base);
            read++;
        }
        guest.read(guest.linear(0, 2, 0));
        Run run = run(guest);
        assertThat(run.sum).isEqualTo(0x2222 * read + 0xFFC0_0000);
        assertThat(run.ledger.total(ExitKind.INTERPRETED)).isZero();
    }

    private static PagingGuest withAreaZero(PagingGuest.Form form) {
        return new PagingGuest(form).mapArea(0, PagingGuest.pageTable(0) | ALL);
    }

    // ---- everything at once

    @ParameterizedTest
    @CsvSource({
        "THIRTY_TWO_BIT, 1",
        "THIRTY_TWO_BIT, 2",
        "THIRTY_TWO_BIT, 3",
        "THIRTY_TWO_BIT, 4",
        "PAE, 5",
        "PAE, 6",
        "PAE, 7",
        "FOUR_LEVEL, 8",
        "FOUR_LEVEL, 9",
        "FOUR_LEVEL, 10"
    })
    void aKernelThatEditsAtRandomCannotTell(PagingGuest.Form form, long seed) {
        Run run = run(editingAtRandom(form, seed));
        assertThat(run.ledger.total(ExitKind.PAGE_TABLE_WRITE)).isPositive();
        assertThat(run.ledger.total(ExitKind.TRUE_PAGE_FAULT)).isPositive();
        assertThat(run.ledger.total(ExitKind.HIDDEN_PAGE_FAULT)).isPositive();
    }

    @ParameterizedTest
    @CsvSource({"THIRTY_TWO_BIT, 11", "PAE, 12", "FOUR_LEVEL, 13"})
    void norCanItUnderNestedPaging(PagingGuest.Form form, long seed) {
        Run run = run(editingAtRandom(form, seed), HardwareMode.INSTANCE);
        assertThat(run.ledger.total(ExitKind.EPT_VIOLATION)).isPositive();
        assertThat(run.ledger.total(ExitKind.TRUE_PAGE_FAULT)).isZero();
    }

    private static PagingGuest editingAtRandom(PagingGuest.Form form, long seed) {
        PagingGuest guest = new PagingGuest(form);
        Random random = new Random(seed);
        for (int area = 0; area < PagingGuest.AREAS; area++) guest.mapArea(area, PagingGuest.pageTable(area) | ALL);
        for (int n = 0; n < 1500; n++) operation(guest, random);
        return guest;
    }

    private static void operation(PagingGuest guest, Random random) {
        int area = random.nextInt(PagingGuest.AREAS);
        int page = random.nextInt(PagingGuest.PAGES);
        switch (random.nextInt(16)) {
            case 0 -> guest.mapArea(area, directoryEntry(random));
            case 1 -> guest.toggleWriteProtect();
            case 2 -> guest.reload();
            case 3 -> guest.invalidate(guest.linear(area, page, 0));
            case 4, 5, 6 -> guest.mapPage(area, page, pageTableEntry(random));
            case 7, 8, 9, 10 -> guest.read(guest.linear(area, page, 4 * random.nextInt(4)));
            // What is written may be a page table's entry, by whatever way.
            default ->
                guest.write(guest.linear(area, page, offset(guest, random)), pageTableEntry(random))
                        .invalidateAll();
        }
    }

    private static int offset(PagingGuest guest, Random random) {
        return random.nextBoolean() ? 4 * random.nextInt(4) : guest.entryOffset(random.nextInt(PagingGuest.PAGES));
    }

    private static int directoryEntry(Random random) {
        if (random.nextInt(4) == 0) return LARGE | flags(random);
        return PagingGuest.pageTable(random.nextInt(PagingGuest.AREAS)) | flags(random) & ~GLOBAL;
    }

    private static int pageTableEntry(Random random) {
        int frame = random.nextInt(4) == 0
                ? PagingGuest.pageTable(random.nextInt(PagingGuest.AREAS))
                : data(random.nextInt(PagingGuest.DATA_FRAMES));
        return frame | flags(random);
    }

    private static int flags(Random random) {
        int flags = random.nextBoolean() ? WRITABLE : 0;
        if (random.nextInt(8) != 0) flags |= PRESENT;
        if (random.nextBoolean()) flags |= USER;
        if (random.nextInt(4) == 0) flags |= GLOBAL;
        return flags;
    }

    // ---- beside bare

    private record Run(int sum, ExitLedger ledger) {}

    private static Run run(PagingGuest guest) {
        return run(guest, DeprivilegedMode.TRANSLATE);
    }

    /** Runs the kernel to its end in the mode and in {@code bare}, side by side. */
    private static Run run(PagingGuest guest, BoardMode mode) {
        ExitLedger ledger = mode.ledger(HostCosts.NONE);
        try (MachineMemory host = MachineMemory.ofBytes(HOST_MEMORY);
                Machine bare = machine(guest, host, BareMode.INSTANCE, new ExitLedger(HostCosts.NONE.exits("bare")));
                Machine virtualized = machine(guest, host, mode, ledger)) {
            for (long cycles = COMPARED_EVERY; !bare.cpu().halted; cycles += COMPARED_EVERY) {
                bare.runUntil(cycles);
                virtualized.runUntil(cycles);
                assertThat(virtualized.cpu().rip).as("at %d", cycles).isEqualTo(bare.cpu().rip);
                assertThat(virtualized.cpu().gpr).startsWith(Arrays.copyOf(bare.cpu().gpr, 16));
                if (cycles % (16 * COMPARED_EVERY) == 0) {
                    assertThat(virtualized.stateHash()).as("at %d", cycles).isEqualTo(bare.stateHash());
                }
                assertThat(bare.cpu().shutdown).isFalse();
            }
            assertThat(virtualized.stateHash()).isEqualTo(bare.stateHash());
            return new Run(PagingGuest.sum(virtualized), ledger);
        }
    }

    private static Machine machine(PagingGuest guest, MachineMemory host, BoardMode mode, ExitLedger ledger) {
        Machine machine = new Machine(
                MachineConfiguration.of(PagingGuest.MEMORY, CpuModel.BASELINE),
                host,
                mode.engine(Interpreter::new, HostCosts.NONE, ledger));
        guest.load(machine);
        return machine;
    }
}
