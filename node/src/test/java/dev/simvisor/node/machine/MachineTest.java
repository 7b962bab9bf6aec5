package dev.simvisor.node.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.boot.BiosServices;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whole machines that run the built-in guest or a few instructions of their own. */
class MachineTest {
    private static final long MEMORY = 16L << 20;
    private static final long MILLISECOND = 1_000_000;
    private static final String PROMPT = "simvisor> ";

    private final MachineMemory host = MachineMemory.ofBytes(16 * MEMORY);
    private final StringBuilder console = new StringBuilder();

    @AfterEach
    void closeHost() {
        host.close();
    }

    // ---- the built-in guest ----

    @Test
    void theBuiltInGuestReachesItsPromptAndObeys() throws Exception {
        Machine machine = builtInGuest();
        machine.runUntil(100 * MILLISECOND);
        assertThat(console).endsWith(PROMPT);
        type(machine, "uptime\n");
        machine.runUntil(200 * MILLISECOND);
        assertThat(console).contains("uptime").endsWith(PROMPT);
        type(machine, "halt\n");
        assertThat(machine.runUntil(300 * MILLISECOND)).isEqualTo(new RunOutcome.PoweredOff());
        assertThat(machine.cycles()).isLessThan(300 * MILLISECOND);
    }

    @Test
    void howARunIsSplitMakesNoDifference() throws Exception {
        Machine whole = builtInGuest();
        whole.runUntil(30 * MILLISECOND);
        Machine split = builtInGuest();
        long[] odd = {1, 2, 777, 100_003, 100_004, 5_555_555, 12_345_678, 29 * MILLISECOND, 30 * MILLISECOND};
        for (long cycles : odd) {
            split.runUntil(cycles);
            assertThat(split.cycles()).isEqualTo(cycles);
        }
        assertThat(split.stateHash()).isEqualTo(whole.stateHash());
    }

    @Test
    void aMachineThatTakesAnothersMemoryNeedsFramesForWhatIsWrittenSinceAlone() throws Exception {
        Machine original = builtInGuest();
        original.runUntil(100 * MILLISECOND);
        long frames = host.allocatedFrames();
        Machine clone = emptyMachine();
        clone.memory().takeFrom(original.memory());
        clone.restore(original.save());
        assertThat(host.allocatedFrames()).isEqualTo(frames);

        original.runUntil(200 * MILLISECOND);
        clone.runUntil(200 * MILLISECOND);

        assertThat(clone.stateHash()).isEqualTo(original.stateHash());
        assertThat(host.allocatedFrames() - frames).isBetween(1L, frames / 4);
    }

    @Test
    void aMachineThatMovedInTheMidstOfARunGoesOnAsIfItHadNot() throws Exception {
        Machine stayed = builtInGuest();
        stayed.runUntil(20 * MILLISECOND);
        type(stayed, "checksum\n");
        stayed.runUntil(21 * MILLISECOND);

        Machine moved = emptyMachine();
        TinyKernel.move(stayed, moved);
        assertThat(moved.stateHash()).isEqualTo(stayed.stateHash());
        moved.runUntil(60 * MILLISECOND);
        stayed.runUntil(60 * MILLISECOND);
        assertThat(moved.stateHash()).isEqualTo(stayed.stateHash());
    }

    @Test
    void thePagesThatTheDirtyLogNamesAreAllThatChanged() throws Exception {
        Machine source = builtInGuest();
        source.runUntil(20 * MILLISECOND);
        Machine target = emptyMachine();
        source.memory().startDirtyLog();
        for (int gfn = 0; gfn < source.memory().endFrame(); gfn++) {
            copyPage(source, target, gfn);
        }
        type(source, "dirty 1 1\n");
        for (long round = 3; round < 8; round++) {
            source.runUntil(10 * round * MILLISECOND);
            BitSet dirty = source.memory().takeDirty();
            assertThat(dirty.cardinality()).isPositive();
            dirty.stream().forEach(gfn -> copyPage(source, target, gfn));
        }
        target.restore(source.save());
        assertThat(target.stateHash()).isEqualTo(source.stateHash());
    }

    // ---- a few instructions ----

    @Test
    void instructionsAreCountedExactlyAtACycle() throws Exception {
        Machine machine = kernel("eb fe"); // jmp $
        assertThat(machine.runUntil(12_345)).isEqualTo(new RunOutcome.DeadlineReached());
        assertThat(machine.instructions()).isEqualTo(12_345);
    }

    @Test
    void aHaltedMachineIsIdleUntilSomethingIsDue() throws Exception {
        Machine machine = kernel("fa f4"); // cli; hlt
        assertThat(machine.runUntil(500)).isEqualTo(new RunOutcome.Idle());
        assertThat(machine.cycles()).isEqualTo(500);
        assertThat(machine.instructions()).isEqualTo(2);
        assertThat(machine.nextEventCycles()).isGreaterThan(500);
    }

    @Test
    void theDebugPortsPrintAndEnd() throws Exception {
        Machine machine = kernel("b0 41 e6 e9 b0 15 e6 f4 eb fe"); // out 0xe9, 'A'; out 0xf4, 0x15; jmp $
        StringBuilder debug = new StringBuilder();
        machine.debugConsoleTo(value -> debug.append((char) value));
        assertThat(machine.runUntil(MILLISECOND)).isEqualTo(new RunOutcome.DebugExit(0x2B));
        assertThat(debug).hasToString("A");
        assertThat(machine.instructions()).isEqualTo(4);
    }

    @Test
    void theKeyboardControllerResets() throws Exception {
        Machine machine = kernel("b0 fe e6 64 eb fe");
        assertThat(machine.runUntil(MILLISECOND)).isEqualTo(new RunOutcome.ResetRequested());
    }

    @Test
    void aTripleFaultEndsTheMachine() throws Exception {
        Machine machine = kernel("0f 0b"); // ud2 without an IDT
        assertThat(machine.runUntil(MILLISECOND)).isEqualTo(new RunOutcome.TripleFault());
    }

    @Test
    void aTimerThatTheGuestArmsEndsItsRunInTime() throws Exception {
        // mov edi,0xfee00000; LVT timer = 0x40; divide by 1; count = 1000; then count the instructions until it is 0:
        // xor ecx,ecx; loop: inc ecx; cmp dword [edi+0x390],0; jne loop; cli; hlt
        Machine machine = kernel("bf 00 00 e0 fe c7 87 20 03 00 00 40 00 00 00 c7 87 e0 03 00 00 0b 00 00 00"
                + "c7 87 80 03 00 00 e8 03 00 00 31 c9 41 83 bf 90 03 00 00 00 75 f6 fa f4");
        machine.runUntil(MILLISECOND);
        assertThat(machine.cpu().gpr[1]).isBetween(330L, 336L);
    }

    @Test
    void anNmiToOneselfComesBeforeTheNextInstructionThoughInterruptsAreOff() throws Exception {
        // Gate 2 of an IDT at 2000h leads to 100047h; lidt; mov esp,0x4000; xor ecx,ecx; an NMI to APIC ID 0; inc ecx;
        // hlt
        Machine machine =
                kernel("c7 05 10 20 00 00 47 00 10 00 c7 05 14 20 00 00 00 8e 10 00 c7 05 00 30 00 00 1f 00 00 20"
                        + "c7 05 04 30 00 00 00 00 00 00 0f 01 1d 00 30 00 00 bc 00 40 00 00 31 c9"
                        + "bf 00 00 e0 fe c7 87 00 03 00 00 00 04 00 00 41 f4 f4");
        assertThat(machine.runUntil(MILLISECOND)).isEqualTo(new RunOutcome.Idle());
        assertThat(machine.cpu().rip).isEqualTo(0x10_0048);
        assertThat(machine.cpu().gpr[1]).isZero();
        assertThat(machine.memory().read(0x4000 - 12, 4)).isEqualTo(0x10_0045);
        assertThat(machine.cpu().nmiBlocked).isTrue();
    }

    @Test
    void firmwareAnswersEveryServiceInRealModeThatItIsNotThere() throws Exception {
        Machine machine = emptyMachine();
        BiosServices.write(machine.memory());
        // int 0x15; setc bl; hlt, at 8000h
        machine.memory().write(0x8000, HexFormat.of().parseHex("cd150f92c3f4"));
        Cpu cpu = machine.cpu();
        cpu.selector[SegmentRegister.CS] = 0;
        cpu.segmentBase[SegmentRegister.CS] = 0;
        cpu.rip = 0x8000;
        cpu.gpr[Cpu.RSP] = 0x7000;
        cpu.gpr[Cpu.RAX] = 0xE820;
        cpu.updateMode();
        assertThat(machine.runUntil(MILLISECOND)).isEqualTo(new RunOutcome.Idle());
        assertThat(cpu.rip).isEqualTo(0x8006);
        assertThat(cpu.gpr[Cpu.RBX]).isEqualTo(1);
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(0xE820);
        assertThat(cpu.gpr[Cpu.RSP]).isEqualTo(0x7000);
        assertThat(kernel("f4").memory().read(0x15 * 4, 4)).isEqualTo(0xF000_FF53L);
    }

    @Test
    void theBiosDataAreaNamesTheSerialPortAndWhereBaseMemoryEnds() throws Exception {
        Machine machine = kernel("f4");
        assertThat(machine.memory().read(0x400, 2)).isEqualTo(0x3F8);
        assertThat(machine.memory().read(0x40E, 2)).isEqualTo(0x9FC0);
        assertThat(machine.memory().read(0x413, 2)).isEqualTo(639);
        assertThat(machine.memory().read(0x9_FC00, 1)).isEqualTo(1);
    }

    // ---- state ----

    @Test
    void stateOfAnotherShapeIsRefused() throws Exception {
        Machine machine = kernel("f4");
        Machine smaller = new Machine(configuration(MEMORY / 2), host, EngineFactory.bare(Interpreter::new));
        assertThatThrownBy(() -> smaller.restore(machine.save()))
                .isInstanceOf(UnusableStateException.class)
                .hasMessage("saved state is of a machine with 16777216 bytes of memory, this one has 8388608");
        assertThatThrownBy(() -> emptyMachine()
                        .restore(machine.save().toBuilder().setVersion(99).build()))
                .hasMessage("saved state has version 99: expected 1");
    }

    // ---- set-up ----

    private static MachineConfiguration configuration(long memoryBytes) {
        return MachineConfiguration.of(memoryBytes, CpuModel.BASELINE).withDebugExit();
    }

    private Machine emptyMachine() {
        return new Machine(configuration(MEMORY), host, EngineFactory.bare(Interpreter::new));
    }

    private Machine builtInGuest() throws Exception {
        try (var elf = MachineTest.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf")) {
            Machine machine = emptyMachine();
            machine.consoleTo(value -> console.append((char) value));
            machine.boot(new BootSource.Multiboot(new Image("builtin.elf", elf.readAllBytes()), "", List.of()));
            return machine;
        }
    }

    /** A machine that starts with these instructions at 1 MiB, in 32-bit protected mode. */
    private Machine kernel(String hexCode) throws Exception {
        Machine machine = emptyMachine();
        machine.boot(TinyKernel.of(hexCode));
        return machine;
    }

    private static void type(Machine machine, String text) {
        machine.type(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void copyPage(Machine source, Machine target, int gfn) {
        if (!source.memory().isMemory(gfn)) {
            return;
        }
        if (source.memory().isZero(gfn)) {
            target.memory().clearPage(gfn);
            return;
        }
        byte[] page = new byte[MachineMemory.FRAME_SIZE];
        source.memory().readPage(gfn, page, 0);
        target.memory().writePage(gfn, page, 0);
    }
}
