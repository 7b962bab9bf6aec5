package dev.simvisor.node.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest resets its machine, which starts again. */
class ResetTest {
    private static final long MEMORY = 16L << 20;
    private static final long MILLISECOND = 1_000_000;
    private static final int COUNTER = 0x20_0000;

    /**
     * A kernel that says what it finds when it has counted one up in memory, starting from '0', works a little, and resets the
     * machine by port CF9h.
     */
    private static final String RESTLESS =
            "ff 05 00 00 20 00 a0 00 00 20 00 04 30" // inc [COUNTER]; al = [COUNTER] + '0'
                    + "ba f8 03 00 00 ee" // COM1
                    + "b9 00 20 00 00 ff 05 00 10 20 00 e2 f8" // 2000h times: inc [COUNTER + 1000h]
                    + "ba f9 0c 00 00 b0 06 ee eb fe";

    private final MachineMemory host = MachineMemory.ofBytes(16 * MEMORY);
    private final StringBuilder console = new StringBuilder();
    private int resets;

    @AfterEach
    void closeHost() {
        host.close();
    }

    private Machine machine(int processors, Function<Cpu, Engine> engine) {
        Machine machine = new Machine(
                MachineConfiguration.of(MEMORY, CpuModel.BASELINE).withProcessors(processors),
                host,
                EngineFactory.bare(engine));
        machine.consoleTo(value -> console.append((char) value));
        return machine;
    }

    private Machine kernel(String code) throws Exception {
        Machine machine = machine(1, Interpreter::new);
        machine.boot(TinyKernel.of(code));
        return machine;
    }

    /** Runs, and resets the machine whenever its guest asks. */
    private void run(Machine machine, BootSource source, long cycles) throws Exception {
        while (machine.runUntil(cycles) instanceof RunOutcome.ResetRequested) {
            machine.reset(source);
            resets++;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ba f9 0c 00 00 b0 06 ee", // port CF9h
                "ba 0c 06 00 00 b0 06 ee", // ACPI's reset register
                "b0 fe e6 64", // the keyboard controller
                "b0 01 e6 92" // system control port A
            })
    void whateverResetsAPcResetsTheMachine(String code) throws Exception {
        assertThat(kernel(code + "eb fe").runUntil(MILLISECOND)).isEqualTo(new RunOutcome.ResetRequested());
    }

    @Test
    void memoryIsClearedWhileTimeAndCountsGoOn() throws Exception {
        BootSource source = TinyKernel.of(RESTLESS);
        Machine machine = kernel(RESTLESS);
        assertThat(machine.runUntil(MILLISECOND)).isEqualTo(new RunOutcome.ResetRequested());
        assertThat(console).hasToString("1");
        long instructions = machine.instructions();
        long cycles = machine.cycles();
        long busy = machine.busyCycles();

        machine.reset(source);

        assertThat(machine.memory().read(COUNTER, 4)).isZero();
        assertThat(machine.instructions()).isEqualTo(instructions);
        assertThat(machine.busyCycles()).isEqualTo(busy);
        assertThat(machine.clock().toNanos(machine.cycles() - cycles)).isEqualTo(GuestPlatform.RESET_NANOS);
        run(machine, source, 10 * MILLISECOND);
        assertThat(console.toString()).matches("1{5,}");
        assertThat(machine.instructions()).isGreaterThan(5 * instructions);
    }

    @Test
    void whatRunsItAndHowTheRunIsSplitMakesNoDifference() throws Exception {
        for (int processors : new int[] {1, 4}) {
            String whole = hash(processors, Interpreter::new, 5 * MILLISECOND);
            assertThat(hash(processors, TranslatingEngine::new, 5 * MILLISECOND))
                    .isEqualTo(whole);
            assertThat(hash(processors, TranslatingEngine::new, 777)).isEqualTo(whole);
            assertThat(hash(processors, Interpreter::new, 10_007)).isEqualTo(whole);
        }
        assertThat(resets).isGreaterThan(8);
    }

    private String hash(int processors, Function<Cpu, Engine> engine, long step) throws Exception {
        BootSource source = TinyKernel.of(RESTLESS);
        try (Machine machine = machine(processors, engine)) {
            machine.boot(source);
            for (long cycles = 0; cycles < 5 * MILLISECOND; cycles += step) run(machine, source, cycles);
            run(machine, source, 5 * MILLISECOND);
            return machine.stateHash();
        }
    }

    @Test
    void processorsThatHadBeenStartedWaitAgain() throws Exception {
        // INIT and start-up by the local APIC, at 3000h, where this puts JMP $; then a wait and the reset.
        String starts = "66 c7 05 00 30 00 00 eb fe"
                + "c7 05 00 03 e0 fe 00 45 0c 00 c7 05 00 03 e0 fe 03 46 0c 00"
                + "b9 00 20 00 00 e2 fe ba f9 0c 00 00 b0 06 ee eb fe";
        BootSource source = TinyKernel.of(starts);
        Machine machine = machine(2, Interpreter::new);
        machine.boot(source);
        assertThat(machine.runUntil(2 * MILLISECOND)).isEqualTo(new RunOutcome.ResetRequested());
        assertThat(machine.isIdle(1)).isFalse();
        long executed = machine.cpus().get(1).instructionsExecuted();
        assertThat(executed).isPositive();
        machine.reset(source);
        assertThat(machine.isIdle(1)).isTrue();
        assertThat(machine.cpus().get(1).instructionsExecuted()).isEqualTo(executed);
    }

    @Test
    void aSystemStartsAgainAndObeys() throws Exception {
        BootSource source = builtIn();
        Machine machine = machine(1, TranslatingEngine::new);
        machine.boot(source);
        machine.runUntil(100 * MILLISECOND);
        String first = console.toString();
        console.setLength(0);

        machine.reset(source);
        machine.runUntil(200 * MILLISECOND);

        assertThat(console).hasToString(first);
        machine.type("halt\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(machine.runUntil(300 * MILLISECOND)).isEqualTo(new RunOutcome.PoweredOff());
    }

    private static BootSource builtIn() throws Exception {
        try (var elf = ResetTest.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf")) {
            return new BootSource.Multiboot(new Image("builtin.elf", elf.readAllBytes()), "", List.of());
        }
    }

    @Test
    void aResetInTheMidstOfARoundOfDirtyLoggingIsLogged() throws Exception {
        BootSource source = builtIn();
        Machine machine = machine(1, Interpreter::new);
        machine.boot(source);
        machine.runUntil(100 * MILLISECOND);
        Machine target = machine(1, Interpreter::new);
        machine.memory().startDirtyLog();
        copy(machine, target, machine.memory().all());
        machine.runUntil(110 * MILLISECOND);
        machine.reset(source);
        machine.runUntil(130 * MILLISECOND);
        copy(machine, target, machine.memory().takeDirty());
        target.restore(machine.save());
        assertThat(target.stateHash()).isEqualTo(machine.stateHash());
        machine.runUntil(200 * MILLISECOND);
        target.runUntil(200 * MILLISECOND);
        assertThat(target.stateHash()).isEqualTo(machine.stateHash());
    }

    private static void copy(Machine from, Machine to, BitSet gfns) {
        byte[] page = new byte[MachineMemory.FRAME_SIZE];
        gfns.stream().forEach(gfn -> {
            from.memory().readPage(gfn, page, 0);
            to.memory().writePage(gfn, page, 0);
        });
    }

    @Test
    void aCloneKeepsWhatTheOtherForgets() throws Exception {
        BootSource source = builtIn();
        Machine machine = machine(1, Interpreter::new);
        machine.boot(source);
        machine.runUntil(100 * MILLISECOND);
        Machine clone = machine(1, Interpreter::new);
        clone.memory().takeFrom(machine.memory());
        clone.restore(machine.save());
        String hash = clone.stateHash();
        machine.reset(source);
        machine.runUntil(110 * MILLISECOND);
        assertThat(clone.stateHash()).isEqualTo(hash);
        long frames = host.allocatedFrames();
        machine.memory().clear();
        clone.memory().clear();
        assertThat(host.allocatedFrames()).isLessThan(frames).isZero();
    }

    @Test
    void nobodyWaitsForPagesThatHaveYetToComeAfterAReset() throws Exception {
        BootSource source = TinyKernel.of(RESTLESS);
        Machine machine = kernel(RESTLESS);
        machine.runUntil(MILLISECOND);
        GuestMemory memory = machine.memory();
        BitSet missing = new BitSet();
        missing.set(COUNTER >> MachineMemory.FRAME_SHIFT);
        memory.withhold(missing);
        machine.reset(source);
        assertThat(memory.isComplete()).isTrue();
        assertThat(machine.runUntil(3 * MILLISECOND)).isEqualTo(new RunOutcome.ResetRequested());
        memory.come(missing);
        assertThat(memory.read(COUNTER, 4)).isEqualTo(1);
    }

    @Test
    void whatWaitsOnTheSerialLineWaitsOn() throws Exception {
        Machine machine = kernel(RESTLESS);
        machine.type("typed ahead".getBytes(StandardCharsets.US_ASCII));
        machine.runUntil(MILLISECOND);
        machine.reset(TinyKernel.of(RESTLESS));
        assertThat(machine.unreadInput()).isEqualTo("typed ahead".length());
    }
}
