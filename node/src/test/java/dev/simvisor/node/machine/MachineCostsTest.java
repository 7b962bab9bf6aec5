package dev.simvisor.node.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.time.VirtualClock;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The built-in guest on processors whose port accesses and page walks take time, as the guest's own clock shows it. */
class MachineCostsTest {
    private static final long MEMORY = 32L << 20;
    private static final long MILLISECOND = 1_000_000;
    private static final int EXCEPTION = 800;
    private static final ProcessorCosts COSTS = new ProcessorCosts(700, 100, EXCEPTION, 9, 11, 64);

    private final MachineMemory host = MachineMemory.ofBytes(4 * MEMORY);
    private final StringBuilder console = new StringBuilder();

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void aPortAccessTakesItsTime() throws Exception {
        run(VirtualClock.CYCLE_PER_INSTRUCTION, COSTS, "nanobench in; nanobench out; halt");
        assertThat(console)
                .contains("nanobench in: 1600 operations, 701.")
                .contains("nanobench out: 1600 operations, 701.");
    }

    /** 74 instructions for a system call, 68 for a division's handler; the loop's two are taken off. */
    @Test
    void entriesToTheKernelTakeTheirTime() throws Exception {
        run(VirtualClock.CYCLE_PER_INSTRUCTION, COSTS, "nanobench syscall; nanobench divzero; halt");
        assertThat(console)
                .contains("nanobench syscall: 1600 operations, 274.")
                .contains("nanobench divzero: 1600 operations, 868.");
    }

    /** Four levels of paging structures at 9 cycles each, and the six instructions of the loop. */
    @Test
    void aPageThatWasNotUsedForLongTakesAWalk() throws Exception {
        run(VirtualClock.CYCLE_PER_INSTRUCTION, COSTS, "nanobench tlbmiss 8192; halt");
        assertThat(console).contains("nanobench tlbmiss: 8192 operations, 42.");
    }

    @Test
    void withoutCostsOnlyInstructionsTakeTime() throws Exception {
        run(VirtualClock.CYCLE_PER_INSTRUCTION, ProcessorCosts.NONE, "nanobench in; nanobench tlbmiss 8192; halt");
        assertThat(console).contains("nanobench in: 1600 operations, 1.").contains("tlbmiss: 8192 operations, 6.");
    }

    @Test
    void instructionsMayTakeLessThanACycle() throws Exception {
        run(500, ProcessorCosts.NONE, "nanobench compute; halt");
        assertThat(console).contains("nanobench compute: 16000 operations, 6.00 TSC");
    }

    @Test
    void howARunIsSplitMakesNoDifference() throws Exception {
        Machine whole = machine(770, COSTS, "nanobench");
        whole.runUntil(30 * MILLISECOND);
        Machine split = machine(770, COSTS, "nanobench");
        long step = 1;
        for (long cycles = 0; cycles < 30 * MILLISECOND; cycles += step) {
            split.runUntil(cycles);
            step = step * 5 % 1_000_003;
        }
        split.runUntil(30 * MILLISECOND);
        assertThat(split.stateHash()).isEqualTo(whole.stateHash());
        // Without what was charged it would have been 39 million.
        assertThat(whole.instructions()).isLessThan(38 * MILLISECOND);
    }

    /** What is due in the midst comes before the handler's first instruction, also where no run ends there. */
    @Test
    void aRunThatEndsWithinTheDeliveryOfAnExceptionEndsWithIt() throws Exception {
        Machine stepped = machine(1000, COSTS, "nanobench divzero");
        Machine whole = machine(1000, COSTS, "nanobench divzero");
        int deliveries = 0;
        long before = stepped.clock().cycles();
        for (long n = 1; deliveries < 20; n++) {
            stepped.runUntil(Long.MAX_VALUE, n);
            long after = stepped.clock().cycles();
            if (after - before > EXCEPTION) {
                deliveries++;
                whole.runUntil(before + EXCEPTION / 2);
                assertThat(whole.instructions()).isEqualTo(n);
            }
            before = after;
        }
    }

    @Test
    void theEngineMakesNoDifference() throws Exception {
        String commands = "nanobench; fib 18; chase 20; halt";
        Machine interpreted = machine(770, COSTS, commands, Interpreter::new);
        Machine translated = machine(770, COSTS, commands, TranslatingEngine::new);
        for (long millis = 10; millis <= 100; millis += 10) {
            interpreted.runUntil(millis * MILLISECOND);
            translated.runUntil(millis * MILLISECOND);
            assertThat(translated.stateHash()).isEqualTo(interpreted.stateHash());
        }
    }

    /** Dirty logging flushes what the simulator caches of translations; no time may pass for it. */
    @Test
    void whatTheSimulatorFlushesForItselfTakesNoTime() throws Exception {
        Machine undisturbed = machine(770, COSTS, "nanobench");
        undisturbed.runUntil(30 * MILLISECOND);
        Machine disturbed = machine(770, COSTS, "nanobench");
        disturbed.memory().startDirtyLog();
        for (long cycles = 0; cycles <= 30 * MILLISECOND; cycles += 50_000) {
            disturbed.runUntil(cycles);
            disturbed.memory().takeDirty();
            disturbed.cpu().memory.flushAll();
        }
        disturbed.runUntil(30 * MILLISECOND);
        assertThat(disturbed.stateHash()).isEqualTo(undisturbed.stateHash());
    }

    @Test
    void aRunCanEndAtAnExactInstruction() throws Exception {
        Machine machine = machine(770, COSTS, "nanobench");
        for (long instructions : new long[] {1, 2, 1000, 1_234_567}) {
            machine.runUntil(Long.MAX_VALUE, instructions);
            assertThat(machine.instructions()).isEqualTo(instructions);
        }
    }

    private void run(int cyclesPerThousandInstructions, ProcessorCosts costs, String commands) throws Exception {
        RunOutcome outcome =
                machine(cyclesPerThousandInstructions, costs, commands).runUntil(10_000 * MILLISECOND);
        assertThat(outcome).isEqualTo(new RunOutcome.PoweredOff());
    }

    private Machine machine(int cyclesPerThousandInstructions, ProcessorCosts costs, String commands) throws Exception {
        return machine(cyclesPerThousandInstructions, costs, commands, Interpreter::new);
    }

    private Machine machine(
            int cyclesPerThousandInstructions, ProcessorCosts costs, String commands, Function<Cpu, Engine> engine)
            throws Exception {
        MachineConfiguration plain = MachineConfiguration.of(MEMORY, CpuModel.BASELINE);
        MachineConfiguration configuration = new MachineConfiguration(
                plain.memoryBytes(),
                plain.cpuModel(),
                plain.clockHertz(),
                cyclesPerThousandInstructions,
                plain.timeOfDay(),
                false);
        Machine machine = new Machine(configuration, host, EngineFactory.bare(engine, costs));
        machine.consoleTo(value -> console.append((char) value));
        try (var kernel = MachineCostsTest.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf")) {
            byte[] image = Objects.requireNonNull(kernel).readAllBytes();
            machine.boot(
                    new BootSource.Multiboot(new Image("builtin.elf", image), "run=\"" + commands + "\"", List.of()));
        }
        return machine;
    }
}
