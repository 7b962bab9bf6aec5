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
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BoardMode;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The built-in guest, in every virtualization mode: paging, interrupts, tasks, system calls, devices, rewritten code. */
class TranslatedGuestTest {
    private static final long MEMORY = 64L << 20;
    /** Virtual cycles between two comparisons. */
    private static final long STEP = 2_000_000;

    private static final String LOADS =
            "crc 5; sieve 5; matrix 5; doubles 5; fib 18; gcd 20; interpret 30; sort 2; strings 2; chase 300; copy 20;"
                    + " rewrite 50; syscalls 5000; switches 2000; pagefaults 500; halt";

    private static Machine machine(String modeName, Function<Cpu, Engine> engines) throws Exception {
        BoardMode mode = BoardMode.named(modeName).orElseThrow();
        Machine machine = new Machine(
                MachineConfiguration.of(MEMORY, CpuModel.BASELINE),
                MachineMemory.ofBytes(3 * MEMORY),
                mode.engine(engines, HostCosts.NONE, mode.ledger(HostCosts.NONE)));
        try (InputStream kernel =
                requireNonNull(Machine.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf"))) {
            Image image = new Image("built-in guest", kernel.readAllBytes());
            machine.boot(new BootSource.Multiboot(image, "\"run=" + LOADS + "\"", List.of()));
        }
        return machine;
    }

    /** In mode trap the VMM executes most of this guest itself, so that little is left to translate. */
    @ParameterizedTest
    @CsvSource({"bare, 2", "trap, 100", "translate, 2", "hardware, 2"})
    void theStateIsTheInterpretersAtEveryStep(String mode, int smallestShare) throws Exception {
        AtomicReference<TranslatingEngine> engine = new AtomicReference<>();
        TranslatorSettings settings = new TranslatorSettings(50, 120, 40);
        try (Machine interpreted = machine(mode, Interpreter::new);
                Machine translated = machine(mode, cpu -> {
                    engine.set(new TranslatingEngine(cpu, settings));
                    return requireNonNull(engine.get());
                })) {
            RunOutcome outcome = new RunOutcome.DeadlineReached();
            while (outcome instanceof RunOutcome.DeadlineReached || outcome instanceof RunOutcome.Idle) {
                long deadline = interpreted.cycles() + STEP;
                outcome = interpreted.runUntil(deadline);
                assertThat(translated.runUntil(deadline)).isEqualTo(outcome);
                assertThat(translated.stateHash())
                        .as("after %d instructions", interpreted.instructions())
                        .isEqualTo(interpreted.stateHash());
            }
            TranslatorStatistics statistics = requireNonNull(engine.get()).statistics();
            System.out.println("built-in guest, mode " + mode + ": " + interpreted.instructions()
                    + " instructions compared every " + STEP
                    + " cycles, " + statistics.executed() + " of them translated, " + statistics.regions()
                    + " regions, "
                    + statistics.forgotten() + " forgotten");
            assertThat(outcome).isInstanceOf(RunOutcome.PoweredOff.class);
            assertThat(statistics.executed()).isGreaterThan(interpreted.instructions() / smallestShare);
        }
    }
}
