package dev.simvisor.node.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BareMode;
import dev.simvisor.node.vmm.mode.BoardMode;
import dev.simvisor.node.vmm.mode.DeprivilegedMode;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/**
 * A 32-bit kernel with large pages all over its linear address space, and a program that loads segments and calls it: the VMM's
 * pages come and go at a place that both the VMM and the kernel use.
 */
class BorrowedPlaceTest {
    private static final int MEMORY = 4 << 20;
    private static final int DIRECTORY = 0x4000;
    private static final int GDT = 0x1000;
    private static final int IDT = 0x2000;
    private static final int TSS = 0x3000;
    private static final int KERNEL_STACK = 0x5800;
    private static final int SUM = 0x7000;
    private static final int START = 0x8000;
    private static final int PROGRAM = 0x9000;
    private static final int SYSTEM_CALL = 0xA000;
    private static final int END = 0xB000;

    private static final int CALLS = 50;
    private static final int FLAT_LIMIT = 0xFFFF_FFFF;
    /** PRESENT, WRITABLE, LARGE: of the kernel's pages. */
    private static final int KERNELS = 0x83;

    private static final int USER = 4;
    private static final int COMPARED_EVERY = 7;

    /** Masks interrupts; ltr ax (28H); iret to the program, with interrupts enabled. */
    private static final String STARTS = "B0FF E621 E6A1 66B82800 0F00D8 6A23 6800600000 6802020000 6A1B 6800900000 CF";

    /**
     * 50 times: mov ds, es (23H); push ds; pop fs; lsl ebx (23H); add [7000H], ebx; int 80H. Then int 81H.
     */
    private static final String CALLS_OVER_AND_OVER =
            "B932000000 B823000000 8ED8 8EC0 1E 0FA1 0F03D8 011D00700000 CD80 E2E7 CD81";

    /** With ds of the kernel's: mov edx, [FF007000H]; add [7008H], edx; add [FF007000H], ecx; add dword [FF107004H], 3; iret. */
    private static final String CALLED =
            "1E B810000000 8ED8 8B15007000FF 011508700000 010D007000FF 8305047010FF03 1F CF";

    private static final String HALTS = "FA F4";

    @Test
    void neitherKernelNorProgramCanTell() {
        Ran ran = runBesideBare(KERNELS);
        assertThat(ran.sum).isEqualTo(CALLS * FLAT_LIMIT + CALLS * (CALLS + 1) / 2);
        assertThat(ran.ledger.total(ExitKind.INTERPRETED)).isZero();
    }

    /** Then nothing is left to borrow, and programs are interpreted. */
    @Test
    void norIfTheProgramHasAllOfItToo() {
        Ran ran = runBesideBare(KERNELS | USER);
        assertThat(ran.sum).isEqualTo(CALLS * FLAT_LIMIT + CALLS * (CALLS + 1) / 2);
        assertThat(ran.ledger.total(ExitKind.INTERPRETED)).isPositive();
    }

    private record Ran(int sum, ExitLedger ledger) {}

    private static Ran runBesideBare(int entry) {
        ExitLedger ledger = DeprivilegedMode.TRANSLATE.ledger(HostCosts.NONE);
        try (MachineMemory host = MachineMemory.ofBytes(16L * MEMORY);
                Machine bare = machine(entry, host, BareMode.INSTANCE, new ExitLedger(HostCosts.NONE.exits("bare")));
                Machine translated = machine(entry, host, DeprivilegedMode.TRANSLATE, ledger)) {
            for (long cycles = COMPARED_EVERY; !bare.cpu().halted; cycles += COMPARED_EVERY) {
                bare.runUntil(cycles);
                translated.runUntil(cycles);
                assertThat(translated.cpu().rip).as("at %d", cycles).isEqualTo(bare.cpu().rip);
                assertThat(bare.cpu().shutdown).isFalse();
            }
            assertThat(translated.stateHash()).isEqualTo(bare.stateHash());
            return new Ran((int) translated.memory().read(SUM, 4), ledger);
        }
    }

    private static Machine machine(int entry, MachineMemory host, BoardMode mode, ExitLedger ledger) {
        MachineConfiguration configuration = MachineConfiguration.of(MEMORY, CpuModel.BASELINE);
        Machine machine = new Machine(configuration, host, mode.engine(Interpreter::new, HostCosts.NONE, ledger));
        load(machine.memory(), entry);
        enter(machine.cpu());
        return machine;
    }

    private static void load(GuestMemory memory, int entry) {
        memory.write(DIRECTORY, 4, KERNELS | USER);
        for (int n = 1; n < 1024; n++) memory.write(DIRECTORY + 4L * n, 4, entry);
        memory.write(GDT + 0x08, 8, 0x00CF_9B00_0000_FFFFL);
        memory.write(GDT + 0x10, 8, 0x00CF_9300_0000_FFFFL);
        memory.write(GDT + 0x18, 8, 0x00CF_FB00_0000_FFFFL);
        memory.write(GDT + 0x20, 8, 0x00CF_F300_0000_FFFFL);
        memory.write(GDT + 0x28, 8, 0x0000_8900_3000_0067L);
        memory.write(TSS + 4, 4, KERNEL_STACK);
        memory.write(TSS + 8, 4, 0x10);
        memory.write(IDT + 0x80 * 8, 8, gate(SYSTEM_CALL));
        memory.write(IDT + 0x81 * 8, 8, gate(END));
        memory.write(START, bytes(STARTS));
        memory.write(PROGRAM, bytes(CALLS_OVER_AND_OVER));
        memory.write(SYSTEM_CALL, bytes(CALLED));
        memory.write(END, bytes(HALTS));
    }

    /** An interrupt gate that programs may use. */
    private static long gate(int offset) {
        return offset | 8L << 16 | 0xEEL << 40;
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static void enter(Cpu cpu) {
        for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
            boolean code = segment == SegmentRegister.CS;
            cpu.selector[segment] = code ? 8 : 16;
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0xFFFF_FFFFL;
            cpu.segmentRights[segment] = code ? 0xC09B : 0xC093;
        }
        cpu.segmentRights[SegmentRegister.LDTR] = AccessRights.UNUSABLE;
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = 0x2F;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = 0x82 * 8 - 1;
        cpu.cr0 = ControlRegister.CR0_PE | ControlRegister.CR0_ET | ControlRegister.CR0_PG;
        cpu.cr4 = ControlRegister.CR4_PSE;
        cpu.cr3 = DIRECTORY;
        cpu.gpr[Cpu.RSP] = KERNEL_STACK;
        cpu.otherFlags = Flags.RESERVED_ONE;
        cpu.rip = START;
        cpu.updateMode();
    }
}
