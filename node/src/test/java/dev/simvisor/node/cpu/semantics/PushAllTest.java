package dev.simvisor.node.cpu.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.FlatSegmentRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PUSHAD and POPAD (SDM Vol 2B) with paging: all eight words in one page, in two, and in one that is not there. */
class PushAllTest {
    private static final int CODE = 0x1000;
    private static final int GDT = 0x500;
    private static final int IDT = 0x600;
    private static final int HANDLER = 0x7000;
    private static final int PAGE_DIRECTORY = 0x20000;
    private static final int PAGE_TABLE = 0x21000;
    /** The page after the stack's, which lies elsewhere in memory. */
    private static final int MOVED_PAGE = 0x9000;

    private static final int MOVED_FRAME = 0x30000;
    private static final int ABSENT_PAGE = 0xA000;
    private static final int PRESENT = 0x67;
    private static final int PAGE_FAULT = 14;
    private static final byte PUSHA = 0x60;
    private static final byte POPA = 0x61;

    /** From the lowest address on. */
    private static final List<Integer> ORDER =
            List.of(Cpu.RDI, Cpu.RSI, Cpu.RBP, Cpu.RSP, Cpu.RBX, Cpu.RDX, Cpu.RCX, Cpu.RAX);

    private final FlatBus bus = new FlatBus(1 << 20);
    private final Cpu cpu = new Cpu(bus, CpuModel.BASELINE);
    private final Interpreter interpreter = new Interpreter(cpu);

    @BeforeEach
    void enterPagedProtectedMode() {
        bus.watcher(interpreter);
        bus.write(GDT + 8, 8, 0x00CF_9B00_0000_FFFFL);
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = 15;
        bus.write(IDT + 8 * PAGE_FAULT, 8, 0x0000_8E00_0008_0000L | HANDLER);
        bus.load(HANDLER, (byte) 0xF4);
        cpu.idtrBase = IDT;
        cpu.idtrLimit = 0xFF;
        bus.write(PAGE_DIRECTORY, 4, PAGE_TABLE | PRESENT);
        for (int page = 0; page < 1 << 20; page += 4096) {
            bus.write(PAGE_TABLE + (page >> 10), 4, page == ABSENT_PAGE ? 0 : physical(page) | PRESENT);
        }
        FlatSegmentRegisters.fill(cpu, 32);
        cpu.selector[SegmentRegister.CS] = 8;
        cpu.cr3 = PAGE_DIRECTORY;
        cpu.cr0 |= ControlRegister.CR0_PE | ControlRegister.CR0_PG;
        cpu.updateMode();
        for (int n = 0; n < 8; n++) cpu.gpr[n] = 0x1111_1111L * (n + 1);
    }

    @AfterEach
    void close() {
        bus.close();
    }

    private static int physical(int linear) {
        return (linear & -4096) == MOVED_PAGE ? MOVED_FRAME | linear & 4095 : linear;
    }

    private void execute(byte instruction, int times) {
        // What is new code makes the TLB for stores forget.
        if (bus.read(CODE, 1) != instruction) for (int n = 0; n < times; n++) bus.load(CODE + n, instruction);
        cpu.rip = CODE;
        interpreter.run(times);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x8800, 0x9000, 0x9004, 0x9010, 0x901C})
    void allEightAreStoredWhetherTheTlbHasTheirPagesOrNot(int top) {
        for (int round = 0; round < 3; round++) {
            cpu.gpr[Cpu.RSP] = top;
            cpu.gpr[Cpu.RAX] = 0xA000_0000L + round;

            execute(PUSHA, 1);

            assertThat(cpu.gpr[Cpu.RSP]).isEqualTo(top - 32);
            for (int n = 0; n < 8; n++) {
                long expected = ORDER.get(n) == Cpu.RSP ? top : cpu.gpr[ORDER.get(n)];
                assertThat(bus.read(physical(top - 32 + 4 * n), 4))
                        .as("word " + n)
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0x8800, 0x8FE0, 0x8FE4, 0x8FF0, 0x8FFC})
    void allButTheStackPointerAreLoadedWhetherTheTlbHasTheirPagesOrNot(int bottom) {
        for (int round = 0; round < 3; round++) {
            for (int n = 0; n < 8; n++) bus.write(physical(bottom + 4 * n), 4, 0xC000_0000L + 16L * round + n);
            cpu.gpr[Cpu.RSP] = bottom;

            execute(POPA, 1);

            assertThat(cpu.gpr[Cpu.RSP]).isEqualTo(bottom + 32);
            for (int n = 0; n < 8; n++) {
                if (ORDER.get(n) == Cpu.RSP) continue;
                assertThat(cpu.gpr[ORDER.get(n)]).as("word " + n).isEqualTo(0xC000_0000L + 16L * round + n);
            }
        }
    }

    @Test
    void aPageThatIsNotThereFaultsBeforeAnythingIsStored() {
        int top = ABSENT_PAGE + 0x1010;
        cpu.gpr[Cpu.RSP] = top + 32;

        execute(PUSHA, 2);

        assertThat(cpu.cr2).isEqualTo(ABSENT_PAGE + 0xFFCL);
        assertThat(cpu.rip).isEqualTo(HANDLER);
        // What lies there now is the fault's: EFLAGS, CS, EIP of the second PUSHAD, the error code of a store.
        assertThat(cpu.gpr[Cpu.RSP]).isEqualTo(top - 16);
        assertThat(bus.read(top - 12, 4)).isEqualTo(CODE + 1);
        assertThat(bus.read(top - 16, 4)).isEqualTo(2);
    }

    @Test
    void aPageThatIsNotThereFaultsBeforeAnythingIsLoaded() {
        int bottom = ABSENT_PAGE - 16;
        for (int n = 0; n < 4; n++) bus.write(physical(bottom + 4 * n), 4, 0xC000_0000L + n);
        cpu.gpr[Cpu.RSP] = bottom;

        execute(POPA, 1);

        assertThat(cpu.cr2).isEqualTo(ABSENT_PAGE);
        assertThat(cpu.rip).isEqualTo(HANDLER);
        assertThat(cpu.gpr[Cpu.RDI]).isEqualTo(0x8888_8888L);
        assertThat(cpu.gpr[Cpu.RBP]).isEqualTo(0x6666_6666L);
    }
}
