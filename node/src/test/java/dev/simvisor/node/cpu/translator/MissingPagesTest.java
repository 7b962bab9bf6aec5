package dev.simvisor.node.cpu.translator;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.TinyKernel;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BoardMode;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guests that go on without any of their pages, as after the hand-over of post-copy, and have to wait for each. */
class MissingPagesTest {
    private static final long MEMORY = 8L << 20;
    /** Virtual cycles before the pages go missing: code is hot by then, tasks have been made and memory is in use. */
    private static final long BEFORE = 20_000_000;

    private static final long STEP = 3_000_000;
    private static final long STALL = 70_000;

    private static final String LOADS =
            "crc 3; sieve 3; interpret 10; sort 2; strings 2; chase 300; copy 20; rewrite 50; syscalls 2000; switches 1000;"
                    + " pagefaults 200; halt";

    private static Machine blank(String modeName, Function<Cpu, Engine> engines) {
        BoardMode mode = BoardMode.named(modeName).orElseThrow();
        return new Machine(
                MachineConfiguration.of(MEMORY, CpuModel.BASELINE),
                MachineMemory.ofBytes(4 * MEMORY),
                mode.engine(engines, HostCosts.NONE, mode.ledger(HostCosts.NONE)));
    }

    private static Machine builtInGuest(String mode, String loads) throws Exception {
        Machine machine = blank(mode, TranslatingEngine::new);
        try (InputStream kernel =
                requireNonNull(Machine.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf"))) {
            Image image = new Image("built-in guest", kernel.readAllBytes());
            machine.boot(new BootSource.Multiboot(image, "\"run=" + loads + "\"", List.of()));
        }
        return machine;
    }

    private static void moveWithoutPages(Machine from, Machine to) throws Exception {
        TinyKernel.move(from, to);
        to.memory().withhold(to.memory().all());
    }

    /** What the guest waits for is there, after a time in which it stood still. */
    private static BitSet comeAfterStall(Machine machine) {
        BitSet missed = machine.memory().takeMissed();
        machine.skipUntil(machine.cycles() + STALL);
        machine.memory().come(missed);
        return missed;
    }

    private static RunOutcome runInParts(Machine machine, long deadline) {
        for (long part = machine.cycles(); part < deadline; part += STEP / 7) {
            RunOutcome outcome = machine.runUntil(part);
            if (!(outcome instanceof RunOutcome.DeadlineReached || outcome instanceof RunOutcome.Idle)) return outcome;
        }
        return machine.runUntil(deadline);
    }

    @ParameterizedTest
    @CsvSource({"bare, 10", "trap, 100", "translate, 10", "hardware, 10"})
    void bothEnginesStopAtTheSameInstructionsHoweverTheRunIsSplit(String mode, int smallestShare) throws Exception {
        AtomicReference<TranslatingEngine> engine = new AtomicReference<>();
        try (Machine source = builtInGuest(mode, LOADS);
                Machine interpreted = blank(mode, Interpreter::new);
                Machine translated = blank(mode, cpu -> {
                    engine.set(new TranslatingEngine(cpu, new TranslatorSettings(50, 120, 40)));
                    return requireNonNull(engine.get());
                })) {
            source.runUntil(BEFORE);
            long before = source.instructions();
            moveWithoutPages(source, interpreted);
            moveWithoutPages(source, translated);
            int stalls = 0;
            RunOutcome outcome = new RunOutcome.DeadlineReached();
            while (!(outcome instanceof RunOutcome.PoweredOff)) {
                long deadline = interpreted.cycles() + STEP;
                outcome = interpreted.runUntil(deadline);
                assertThat(runInParts(translated, deadline)).isEqualTo(outcome);
                assertThat(translated.instructions()).isEqualTo(interpreted.instructions());
                assertThat(translated.cycles()).isEqualTo(interpreted.cycles());
                if (outcome instanceof RunOutcome.PageMissed) {
                    assertThat(comeAfterStall(translated)).isEqualTo(comeAfterStall(interpreted));
                    stalls++;
                }
                if (stalls % 64 == 0) assertThat(translated.stateHash()).isEqualTo(interpreted.stateHash());
            }
            long instructions = interpreted.instructions() - before;
            System.out.printf(
                    "MissingPagesTest: mode %s, %d instructions, %d translated, stalled %d times%n",
                    mode,
                    instructions,
                    requireNonNull(engine.get()).statistics().executed(),
                    stalls);
            assertThat(translated.stateHash()).isEqualTo(interpreted.stateHash());
            assertThat(stalls).isGreaterThan(100);
            assertThat(requireNonNull(engine.get()).statistics().executed())
                    .isGreaterThan(instructions / smallestShare);
        }
    }

    /** Faults, whose delivery misses the tables and stacks of a guest that has just come, are the loads' own business. */
    @ParameterizedTest
    @CsvSource({"bare", "trap", "translate", "hardware"})
    void waitBeginsAtTheSameInstructionEvenWhereTheRunEndsWithin(String mode) throws Exception {
        try (Machine source = builtInGuest(mode, "pagefaults 20000; halt")) {
            for (int move = 0; move < 20; move++) {
                source.runUntil(BEFORE + move * 7919L);
                try (Machine whole = blank(mode, Interpreter::new);
                        Machine stepped = blank(mode, Interpreter::new)) {
                    moveWithoutPages(source, whole);
                    moveWithoutPages(source, stepped);
                    for (int wait = 0; wait < 12; wait++) {
                        assertThat(whole.runUntil(Long.MAX_VALUE)).isInstanceOf(RunOutcome.PageMissed.class);
                        stepUntilMiss(stepped);
                        assertThat(stepped.instructions()).isEqualTo(whole.instructions());
                        assertThat(comeAfterStall(stepped)).isEqualTo(comeAfterStall(whole));
                    }
                    assertThat(stepped.stateHash()).isEqualTo(whole.stateHash());
                }
            }
        }
    }

    private static void stepUntilMiss(Machine machine) {
        while (!(machine.runUntil(machine.cycles() + 1) instanceof RunOutcome.PageMissed)) {
            assertThat(machine.memory().isComplete()).isFalse();
        }
    }

    /** Fills 1 MiB, copies it, adds it up, and halts; it knows no time. */
    private static final String TIMELESS =
            "FA BF 00 00 20 00 B9 00 00 04 00 89 C8 AB 49 75 FA" // cli; edi = 2 MiB; 256 Ki times ecx: mov eax,ecx;
                    // stosd; dec
                    + "BE 00 00 20 00 BF 01 00 40 00 B9 00 00 10 00 F3 A4" // esi = 2 MiB; edi = 4 MiB + 1; rep movsb
                    + "BE 01 00 40 00 B9 00 00 04 00 31 DB AD 01 C3 49 75 FA" // add up to ebx
                    + "C7 05 F0 FF 5F 00 78 56 34 12 F4 EB FD"; // store at 6 MiB - 16; hlt

    @ParameterizedTest
    @CsvSource({"bare", "translate", "hardware"})
    void guestThatKnowsNoTimeEndsAsIfItHadNeverMoved(String mode) throws Exception {
        try (Machine stayed = blank(mode, Interpreter::new);
                Machine moved = blank(mode, TranslatingEngine::new)) {
            stayed.boot(TinyKernel.of(TIMELESS));
            stayed.runUntil(300_000);
            moveWithoutPages(stayed, moved);
            stayed.runUntil(20_000_000);
            List<BitSet> waits = new ArrayList<>();
            while (moved.runUntil(200_000_000) instanceof RunOutcome.PageMissed) {
                waits.add(comeAfterStall(moved));
            }

            assertThat(waits).hasSizeBetween(510, 520);
            assertThat(waits.stream().mapToInt(BitSet::cardinality)).allMatch(pages -> pages <= 3);
            assertThat(moved.instructions()).isEqualTo(stayed.instructions());
            assertThat(registers(moved)).isEqualTo(registers(stayed));
            assertThat(contents(moved)).isEqualTo(contents(stayed));
        }
    }

    /** Beyond the general registers the engines keep figures of their own. */
    private static long[] registers(Machine machine) {
        long[] registers = Arrays.copyOf(machine.cpu().gpr, 17);
        registers[16] = machine.cpu().rip;
        return registers;
    }

    private static byte[] contents(Machine machine) {
        byte[] all = new byte[(int) (MEMORY - (1 << 20))];
        machine.memory().read(1 << 20, all, 0, all.length);
        return all;
    }

    @Test
    void noRunIsEndedByPagesThatHaveComeBeforeTheyAreAccessed() throws Exception {
        try (Machine source = blank("bare", Interpreter::new);
                Machine moved = blank("bare", Interpreter::new)) {
            source.boot(TinyKernel.of(TIMELESS));
            moveWithoutPages(source, moved);
            moved.memory().come(moved.memory().all());

            assertThat(moved.runUntil(20_000_000)).isNotInstanceOf(RunOutcome.PageMissed.class);
            assertThat(moved.memory().isComplete()).isTrue();
            assertThat(Arrays.stream(moved.cpu().gpr).sum()).isNotZero();
        }
    }
}
