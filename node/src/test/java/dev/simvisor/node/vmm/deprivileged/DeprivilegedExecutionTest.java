package dev.simvisor.node.vmm.deprivileged;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.TranslationPass;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The built-in guest in rings 1 and 3. */
class DeprivilegedExecutionTest {
    private static final long MEMORY = 16L << 20;
    private static final long MILLISECOND = 1_000_000;
    /** No multiples of anything, so that runs end wherever they happen to be. */
    private static final long[] SLICES = {1, 1_234, 77_777, 500_001, 1_000_003, 3_141_592, 7_777_777, 14_142_135};

    private final MachineMemory host = MachineMemory.ofBytes(16 * MEMORY);
    private final ExitLedger ledger = new ExitLedger(ExitCosts.NONE);

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void aTranslatedGuestIsAtEveryMomentWhatItIsWithoutAVmm() throws Exception {
        try (Machine bare = builtIn(EngineFactory.bare(Interpreter::new));
                Machine translated = builtIn(deprivileged(SensitiveInstructions.INSTANCE))) {
            for (long cycles : SLICES) {
                assertThat(sliceOf(translated, cycles)).as("at %d", cycles).isEqualTo(sliceOf(bare, cycles));
            }
            for (Machine machine : List.of(bare, translated)) {
                machine.type("checksum\n".getBytes(StandardCharsets.US_ASCII));
            }
            long later = 20 * MILLISECOND;
            assertThat(sliceOf(translated, later)).isEqualTo(sliceOf(bare, later));
        }
        assertThat(ledger.total(ExitKind.CALLOUT)).isPositive();
        assertThat(ledger.total(ExitKind.HIDDEN_PAGE_FAULT)).isPositive();
        assertThat(ledger.slipped().first()).isEmpty();
    }

    @Test
    void theWitnessLeavesTheGuestAlone() throws Exception {
        try (Machine unwatched = builtIn(deprivileged(instruction -> false));
                Machine watched = builtIn(deprivileged(WatchedInstructions.INSTANCE))) {
            for (long cycles : SLICES) {
                assertThat(sliceOf(watched, cycles)).as("at %d", cycles).isEqualTo(sliceOf(unwatched, cycles));
            }
        }
        assertThat(ledger.slipped().first()).isPresent();
        assertThat(ledger.total(ExitKind.CALLOUT)).isZero();
    }

    private static String sliceOf(Machine machine, long cycles) {
        machine.runUntil(cycles);
        return machine.instructions() + " " + machine.stateHash();
    }

    private EngineFactory deprivileged(TranslationPass pass) {
        return (cpu, surroundings) ->
                new DeprivilegedEngine(cpu, surroundings, pass, ProcessorCosts.NONE, Interpreter::new, ledger);
    }

    private Machine builtIn(EngineFactory engine) throws Exception {
        Machine machine = new Machine(MachineConfiguration.of(MEMORY, CpuModel.BASELINE), host, engine);
        try (InputStream resource = Machine.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf")) {
            Image image = new Image("builtin", Objects.requireNonNull(resource).readAllBytes());
            machine.boot(new BootSource.Multiboot(image, "", List.of()));
        }
        return machine;
    }
}
